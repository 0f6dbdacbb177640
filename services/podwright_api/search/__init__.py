"""Keeping the search index current."""
