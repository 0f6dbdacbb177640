"""Whether something needs writing."""

from collections.abc import Mapping
from typing import Any


def covers(live: Any, wanted: Any) -> bool:
    """Whether ``live`` has everything that ``wanted`` says; what the server added besides does not count.

    Lists of named things (containers, environment variables, ports) are compared by name where all have one, since
    others may add to them; other lists must be equal in length and order.
    """
    if live is None and not wanted:  # the server drops empty values
        return True
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(
            covers(live.get(key), value) for key, value in wanted.items() if value is not None
        )
    if isinstance(wanted, list):
        if not isinstance(live, list):
            return False
        if wanted and all(isinstance(item, Mapping) and "name" in item for item in wanted):
            named = {item.get("name"): item for item in live if isinstance(item, Mapping)}
            return all(covers(named.get(item["name"]), item) for item in wanted)
        return len(live) == len(wanted) and all(map(covers, live, wanted))
    return bool(live == wanted)
