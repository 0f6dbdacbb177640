"""Why a stage did not finish. The messages are for the person who declared the episode: cause, then what to do."""


class StageError(Exception):
    """A stage did not finish."""


class RejectedError(StageError):
    """The input is at fault: trying again gives the same, a person must change something."""


class TemporaryError(StageError):
    """Something around the stage is at fault (network, endpoint, storage): trying again may help."""
