"""What the fetchers of weights have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class WeightsRejectedError(Exception):
    """The weights cannot be had as they are declared; the message says what to upload or correct."""


@dataclass(frozen=True)
class Source:
    """Where the files come from. `version` changes whenever their content does."""

    uri: str
    version: str


Fetch = Callable[[Path], None]
"""Brings all files into a folder, which may hold what an interrupted run left."""
