"""What keeps a backup from being made or restored."""


class BackupError(Exception):
    """Told to the person as one message; it says what to do."""
