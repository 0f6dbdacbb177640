"""Post: from approval to one publication."""
