"""Alembic's migrations. Each only adds, so that the version before works beside it; what it leaves goes one release later."""
