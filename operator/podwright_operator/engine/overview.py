"""How all objects are, in numbers: kept up with every look, so that asking costs nothing however many there are."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from podwright_operator.engine.conditions import State
from podwright_operator.engine.kube import KubeType, ObjectKey


@dataclass
class Overview:
    """Objects by state, and what is overdue."""

    _seen: dict[ObjectKey, State] = field(default_factory=dict, init=False)
    _due: dict[ObjectKey, datetime] = field(default_factory=dict, init=False)
    _counts: dict[KubeType, Counter[State]] = field(default_factory=lambda: defaultdict(Counter), init=False)

    def saw(self, key: ObjectKey, state: State, due: datetime | None) -> None:
        """After a look; ``due`` is when people expect something of it that has not come yet."""
        self.forget(key)
        self._seen[key] = state
        self._counts[key.type][state] += 1
        if due is not None:
            self._due[key] = due

    def forget(self, key: ObjectKey) -> None:
        """The object is gone."""
        self._due.pop(key, None)
        if (state := self._seen.pop(key, None)) is not None:
            self._counts[key.type][state] -= 1

    def clear(self) -> None:
        for group in (self._seen, self._due, self._counts):
            group.clear()

    def count(self, type_: KubeType, state: State) -> int:
        return self._counts[type_][state]

    def longest_overdue(self, now: datetime) -> timedelta:
        """Of what has been due the longest; zero where nothing is."""
        earliest = min(self._due.values(), default=now)
        return max(timedelta(0), now - earliest)
