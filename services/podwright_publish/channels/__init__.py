"""Channels: one module a platform, and nothing that one of them knows of another."""
