"""People and tenants: signing in, memberships, keys."""
