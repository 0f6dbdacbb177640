"""Asking models for texts, and checking what they write: for the stages, the command line and the facade."""
