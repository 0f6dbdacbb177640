"""Texts with variables, in the form of Python's ``string.Template``: ``${text}``, and ``$$`` for a dollar.

It only puts values in places, so whatever somebody writes into one can do nothing else.
"""

from collections.abc import Mapping
from string import Template

#: What every text has a value for: empty where there is none. All other variables are given with the request.
KNOWN = frozenset(
    {"text", "title", "topic", "tone", "audience", "keywords", "language", "episode", "show", "people", "link"}
)
#: Places for variables in one template, so that what comes out is bounded.
PLACES_MOST = 100


def variables(body: str) -> list[str]:
    """Names of the variables that a request must give, in order; those that are known are not among them."""
    return sorted(set(Template(body).get_identifiers()) - KNOWN)


def problem(body: str) -> str | None:
    """Why a text is no template, for people; ``None`` where it is one."""
    template = Template(body)
    if not template.is_valid():
        return "A variable is written ${name}, with letters, digits and _; a dollar is written $$."
    if "text" not in template.get_identifiers():
        return "It has no place for what is written: put ${text} there."
    if len(template.pattern.findall(body)) > PLACES_MOST:
        return f"It has more than {PLACES_MOST} variables; leave some out."
    return None


def rendered(body: str, values: Mapping[str, str]) -> str:
    """The template with its values in place; known variables without one are empty."""
    return Template(body).substitute(dict.fromkeys(KNOWN, "") | dict(values))
