"""PostgreSQL: what is not a resource. The only package that speaks SQL."""
