"""Why there is no text. The messages are for the person who asked for it: cause, then what to do."""


class WritingError(Exception):
    """The model wrote nothing that may stand."""


class AwayError(WritingError):
    """The model could not be asked: trying again may help."""
