"""Limits of an hour that replicas share without asking the database at each request. Pure; time is passed in."""

from dataclasses import dataclass

HOUR_SECONDS = 3600
#: A replica takes this share of the limit at a time, and so at most this much is lost to one that ends.
_BLOCK_SHARE = 50
_BLOCK_LARGEST = 100
#: Subjects that are remembered at once.
_REMEMBERED = 20_000


@dataclass(frozen=True)
class Quota:
    """What a caller may still send in the running hour; below 0: this request is one too many."""

    limit: int
    remaining: int
    seconds_left: int


@dataclass
class _Lease:
    hour: int
    #: Requests of the block that are not used yet.
    left: int
    #: What others may still take.
    beyond: int


class Quotas:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.block = max(1, min(_BLOCK_LARGEST, limit // _BLOCK_SHARE))
        self._leases: dict[str, _Lease] = {}

    def take(self, subject: str, now: float) -> Quota | None:
        """Use one request of what was leased; None where a block has to be taken first."""
        lease = self._leases.get(subject)
        if lease is None or lease.hour != _hour(now):
            return None
        if lease.left == 0:
            # Nothing is left to lease in this hour: the database would say the same.
            return Quota(self._limit, -1, _seconds_left(now)) if lease.beyond == 0 else None
        lease.left -= 1
        return Quota(self._limit, lease.left + lease.beyond, _seconds_left(now))

    def grant(self, subject: str, counted: int, now: float) -> Quota:
        """Use one request of a block just taken; ``counted`` are all of the hour, the block included."""
        before = counted - self.block
        usable = max(0, min(self.block, self._limit - before))
        beyond = max(0, self._limit - counted)
        if len(self._leases) >= _REMEMBERED:
            self._leases.clear()
        self._leases[subject] = _Lease(_hour(now), usable, beyond)
        return self.take(subject, now) or Quota(self._limit, -1, _seconds_left(now))


def _hour(now: float) -> int:
    return int(now // HOUR_SECONDS)


def _seconds_left(now: float) -> int:
    return max(1, HOUR_SECONDS - int(now % HOUR_SECONDS))
