"""Alembic's migrations. Each only adds, so that the version before works beside it; what is left over goes later."""
