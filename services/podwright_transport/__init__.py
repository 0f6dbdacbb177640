"""HTTP to addresses that tenants choose: it reaches what ``podwright_core.egress`` permits, and nothing else."""
