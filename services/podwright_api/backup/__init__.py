"""``podwright backup`` and ``podwright restore``: the database in the bucket."""
