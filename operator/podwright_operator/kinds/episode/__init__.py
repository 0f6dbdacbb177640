"""The Episode kind."""
