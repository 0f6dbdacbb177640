"""How a stage request travels to its Job: in environment variables, compressed where it is long.

Linux takes at most 128 KiB in one variable and about 2 MiB in all; a feed of many episodes is longer than the first.
"""

import base64
import gzip
from collections.abc import Mapping
from typing import Final

from podwright_core.stages import StageRequest, canonical_json

REQUEST_VARIABLE: Final = "PODWRIGHT_STAGE_REQUEST"
#: With ``_0``, ``_1`` … appended: pieces of the gzip-compressed request in base64.
PIECE_VARIABLE: Final = "PODWRIGHT_STAGE_REQUEST_GZ"
_PIECE_LIMIT: Final = 100_000


def to_environment(request: StageRequest) -> dict[str, str]:
    """The variables that carry a request; equal requests give equal variables."""
    text = canonical_json(request.model_dump(mode="json", by_alias=True))
    if len(text) <= _PIECE_LIMIT:
        return {REQUEST_VARIABLE: text.decode()}
    packed = base64.b64encode(gzip.compress(text, mtime=0)).decode()
    pieces = [packed[start : start + _PIECE_LIMIT] for start in range(0, len(packed), _PIECE_LIMIT)]
    return {f"{PIECE_VARIABLE}_{number}": piece for number, piece in enumerate(pieces)}


def from_environment(environment: Mapping[str, str]) -> StageRequest:
    """The request that ``to_environment`` put there; raises KeyError where there is none."""
    if f"{PIECE_VARIABLE}_0" not in environment:
        return StageRequest.model_validate_json(environment[REQUEST_VARIABLE])
    pieces: list[str] = []
    while piece := environment.get(f"{PIECE_VARIABLE}_{len(pieces)}"):
        pieces.append(piece)
    return StageRequest.model_validate_json(gzip.decompress(base64.b64decode("".join(pieces))))
