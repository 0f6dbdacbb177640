"""The REST facade: turns requests into resources and status into answers; owns no state."""
