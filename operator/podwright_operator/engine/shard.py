"""Namespaces divided among several operators, each of which works in its own and ignores the rest."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Self


@dataclass(frozen=True)
class Shard:
    """One of ``of`` parts, counted from 0. All that belongs together lies in one namespace, so parts never meet."""

    number: int = 0
    of: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.of:
            raise ValueError(f"there is no shard {self.number} of {self.of}: they are counted from 0")

    @classmethod
    def only(cls) -> Self:
        """The one that has everything."""
        return cls()

    def owns(self, namespace: str) -> bool:
        return self.of == 1 or _shard_of(namespace, self.of) == self.number

    def lease(self, name: str) -> str:
        """The name of this part's Lease; one that has everything has the plain one."""
        return name if self.of == 1 else f"{name}-{self.number}-of-{self.of}"


@lru_cache(maxsize=100_000)
def _shard_of(namespace: str, of: int) -> int:
    """Rendezvous hashing (Thaler and Ravishankar, 1998): with a shard more, only what moves to that one moves."""
    return max(range(of), key=lambda number: hashlib.sha256(f"{number}/{namespace}".encode()).digest())
