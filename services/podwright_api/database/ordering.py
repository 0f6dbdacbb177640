"""Pages of rows in an order, each after the last row of the one before."""

from collections.abc import Mapping
from datetime import datetime

#: The last row's value in the order, and its id.
Place = tuple[datetime | str, str]


def tail(sort: str, expressions: Mapping[str, str], id_: str, after: Place | None) -> str:
    """The end of a query with a WHERE: from where on, in which order, how many (``:limit``).

    ``sort`` is a field or ``-field``, ``expressions`` has the SQL of each; ``id`` is that of ``id_``, a UUID.
    """
    field, descending = sort.removeprefix("-"), sort.startswith("-")
    follows, way = ("<", "DESC") if descending else (">", "ASC")
    if field == "id":
        condition, by = f"{id_} {follows} CAST(:after AS uuid)", f"{id_} {way}"
    else:
        expression = expressions[field]
        value = "lower(CAST(:value AS text))" if expression.startswith("lower(") else ":value"
        condition = f"({expression}, {id_}) {follows} ({value}, CAST(:after AS uuid))"
        by = f"{expression} {way}, {id_} {way}"
    return f"{f'AND {condition} ' if after else ''}ORDER BY {by} LIMIT :limit"


def values(after: Place | None, limit: int) -> dict[str, object]:
    """What the end of the query asks for."""
    return {"limit": limit} | ({"value": after[0], "after": after[1]} if after else {})
