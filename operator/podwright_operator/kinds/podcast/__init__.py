"""The Podcast kind."""
