"""Whether one version of a CRD may follow another: changes are only additions.

Objects that were valid stay valid, what they say is kept, and a client that knows the older version reads the newer
one's objects: so the definitions can be upgraded, and also rolled back, under everyone's objects without conversion.

``make landed`` writes the definitions as they are now to ``crds/landed.json``, against which later ones are compared:
that is done when a version lands, and never to make a test pass.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from podwright_crds.kinds import KINDS
from podwright_crds.schema import custom_resource_definition

Node = Mapping[str, Any]

#: The definitions of the version that landed last, without descriptions.
LANDED: Final = Path(__file__).resolve().parents[1] / "landed.json"

#: Limits that may only be lifted, with the order in which they tighten.
_UPPER: Final = ("maximum", "maxLength", "maxItems", "maxProperties")
_LOWER: Final = ("minimum", "minLength", "minItems", "minProperties")
#: What has to stay as it is where it was, and may not come where it was not.
_FIXED: Final = (
    "type",
    "format",
    "pattern",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-int-or-string",
)
#: What has to stay where it was, and may come.
_KEPT: Final = ("nullable", "x-kubernetes-preserve-unknown-fields")


def breaks(before: Node, after: Node) -> list[str]:
    """What a CRD changes that is no addition, a line each; ``before`` and ``after`` are CustomResourceDefinitions."""
    return list(_definition(before["spec"], after["spec"]))


def landed() -> dict[str, Node]:
    """The definitions that landed last, by name."""
    found: dict[str, Node] = json.loads(LANDED.read_text(encoding="utf-8"))
    return found


def current() -> dict[str, Node]:
    """The definitions as they are now, by name."""
    return {(made := custom_resource_definition(kind))["metadata"]["name"]: made for kind in KINDS}


def _definition(before: Node, after: Node) -> Iterator[str]:
    for field in ("group", "scope"):
        if before[field] != after[field]:
            yield f"{field}: {before[field]} became {after[field]}"
    for field in ("kind", "plural", "singular", "listKind"):
        if before["names"].get(field) != after["names"].get(field):
            yield f"names.{field}: {before['names'].get(field)} became {after['names'].get(field)}"
    for field in ("shortNames", "categories"):
        for lost in sorted(set(before["names"].get(field, ())) - set(after["names"].get(field, ()))):
            yield f"names.{field}: {lost} is gone"
    versions = {version["name"]: version for version in after["versions"]}
    for version in before["versions"]:
        name = version["name"]
        if name not in versions:
            yield f"{name}: is gone"
            continue
        yield from _version(name, version, versions[name])


def _version(name: str, before: Node, after: Node) -> Iterator[str]:
    if before["served"] and not after["served"]:
        yield f"{name}: is not served any more"
    if before["storage"] and not after["storage"]:
        yield f"{name}: is not the stored version any more"
    for lost in sorted(before.get("subresources", {}).keys() - after.get("subresources", {}).keys()):
        yield f"{name}: subresource {lost} is gone"
    yield from _schema(name, before["schema"]["openAPIV3Schema"], after["schema"]["openAPIV3Schema"])


def _schema(path: str, before: Node, after: Node) -> Iterator[str]:
    yield from _constraints(path, before, after)
    yield from _rules(path, before, after)
    known, now = before.get("properties", {}), after.get("properties", {})
    for name in sorted(known.keys() - now.keys()):
        yield f"{path}.{name}: is gone"
    for name in sorted(set(after.get("required", ())) - set(before.get("required", ()))):
        yield f"{path}.{name}: is required"
    for name in known.keys() & now.keys():
        yield from _schema(f"{path}.{name}", known[name], now[name])
    for inner, mark in (("items", "[]"), ("additionalProperties", "{}")):
        old, new = before.get(inner), after.get(inner)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _schema(path + mark, old, new)
        elif old and not new:
            yield f"{path}{mark}: is gone"


def _constraints(path: str, before: Node, after: Node) -> Iterator[str]:
    for field in _FIXED:
        if before.get(field) != after.get(field):
            yield f"{path}: {field} was {before.get(field)}, is {after.get(field)}"
    for field in _KEPT:
        if before.get(field) and not after.get(field):
            yield f"{path}: {field} is gone"
    for fields, sign in ((_UPPER, 1), (_LOWER, -1)):
        for field in fields:
            old, new = before.get(field), after.get(field)
            if new is not None and (old is None or sign * new < sign * old):
                yield f"{path}: {field} was {old}, is {new}"
    yield from _values(path, before, after)


def _values(path: str, before: Node, after: Node) -> Iterator[str]:
    if "enum" in after:
        for lost in sorted(set(before.get("enum", ("anything else",))) - set(after["enum"])):
            yield f"{path}: {lost} is no value any more"
    if "default" in before and before["default"] != after.get("default"):
        added = (
            isinstance(before["default"], Mapping) and before["default"].items() <= (after.get("default") or {}).items()
        )
        if not added:
            yield f"{path}: the default was {before['default']}, is {after.get('default')}"


def _rules(path: str, before: Node, after: Node) -> Iterator[str]:
    """A new rule may refuse what was valid; one about what is new itself does not."""
    known = {rule["rule"] for rule in before.get("x-kubernetes-validations", ())}
    for rule in after.get("x-kubernetes-validations", ()):
        if rule["rule"] not in known and not _holds_of_all(rule["rule"], before):
            yield f"{path}: new rule {rule['rule']}"


def _holds_of_all(rule: str, before: Node) -> bool:
    """Whether a rule holds of every object that was valid.

    That is so where one of the alternatives ``a || b || c`` says that a field has not a value, or is not there, and the
    value or the field is new. What is written in another way counts as a change.
    """
    if re.search(r"[()?]", re.sub(r"\bhas\(self\.\w+\)", "", rule)):
        return False
    properties = before.get("properties", {})
    for alternative in rule.split("||"):
        if (absent := re.fullmatch(r"\s*!has\(self\.(\w+)\)\s*", alternative)) and absent[1] not in properties:
            return True
        unequal = re.fullmatch(r"\s*self\.(\w+) != '([^']*)'\s*", alternative)
        if unequal and unequal[2] not in properties.get(unequal[1], {}).get("enum", (unequal[2],)):
            return True
    return False


def _without_descriptions(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _without_descriptions(item)
            for key, item in value.items()
            if not (key == "description" and isinstance(item, str))
        }
    return [_without_descriptions(item) for item in value] if isinstance(value, list) else value


def main() -> int:
    """Write what is now as what landed last."""
    text = json.dumps(_without_descriptions(current()), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    LANDED.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
