"""The kinds: each folder holds what a kind observes, decides and builds."""
