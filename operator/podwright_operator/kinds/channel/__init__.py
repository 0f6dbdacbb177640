"""Channel: is the account connected."""
