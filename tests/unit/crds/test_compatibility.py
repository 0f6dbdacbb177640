"""Definitions change by additions only: the comparison itself, and this version with the one that landed last."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from podwright_crds.compatibility import breaks, current, landed

EPISODES = "episodes.podwright.dev"


def schema(definition: Any) -> Any:
    return definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def spec(definition: Any) -> Any:
    return schema(definition)["properties"]["spec"]


def rules(definition: Any, *added: str) -> Any:
    spec(definition).setdefault("x-kubernetes-validations", []).extend({"rule": rule} for rule in added)
    return definition


def test_this_version_only_adds_to_the_one_that_landed_last() -> None:
    now = current()
    assert set(landed()) <= set(now), "a kind is gone"
    assert [f"{name}: {line}" for name, before in landed().items() for line in breaks(before, now[name])] == []


def change(edit: Callable[[Any], Any]) -> Any:
    made = copy.deepcopy(current()[EPISODES])
    edit(made)
    return made


ADDITIONS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda made: made,
    "an optional field": lambda made: spec(made)["properties"].update(extra={"type": "string", "maxLength": 5}),
    "a field with rules": lambda made: spec(made)["properties"].update(
        extra={"type": "string", "x-kubernetes-validations": [{"rule": "self != ''"}]}
    ),
    "a value": lambda made: spec(made)["properties"]["deletionPolicy"]["enum"].append("Archive"),
    "a wider limit": lambda made: spec(made)["properties"]["title"].update(maxLength=10_000),
    "no limit": lambda made: spec(made)["properties"]["title"].pop("maxLength"),
    "less that is required": lambda made: spec(made)["required"].remove("title"),
    "rules about a value that is new": lambda made: (
        spec(made)["properties"]["deletionPolicy"]["enum"].append("Archive"),
        rules(made, "self.deletionPolicy != 'Archive' || has(self.link)"),
    ),
    "rules about a field that is new": lambda made: (
        spec(made)["properties"].update(extra={"type": "string"}),
        rules(made, "self.type == 'bonus' || !has(self.extra)"),
    ),
    "fewer rules": lambda made: spec(made).pop("x-kubernetes-validations", None),
    "another description": lambda made: spec(made)["properties"]["title"].update(description="Anything."),
    "a version": lambda made: made["spec"]["versions"].append(
        {**copy.deepcopy(made["spec"]["versions"][0]), "name": "v1", "storage": False}
    ),
    "a short name": lambda made: made["spec"]["names"]["shortNames"].append("e"),
}


@pytest.mark.parametrize("addition", ADDITIONS)
def test_additions(addition: str) -> None:
    assert breaks(current()[EPISODES], change(ADDITIONS[addition])) == []


BREAKS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a field less": (lambda made: spec(made)["properties"].pop("notes"), "v1alpha1.spec.notes: is gone"),
    "another type": (lambda made: spec(made)["properties"]["season"].update(type="string"), "type was integer"),
    "a value less": (lambda made: spec(made)["properties"]["deletionPolicy"]["enum"].remove("Retain"), "Retain is no"),
    "values at all": (lambda made: spec(made)["properties"]["title"].update(enum=["a"]), "anything else is no value"),
    "required": (lambda made: spec(made)["required"].append("notes"), "v1alpha1.spec.notes: is required"),
    "a tighter limit": (lambda made: spec(made)["properties"]["title"].update(maxLength=3), "maxLength was"),
    "a limit at all": (lambda made: spec(made)["properties"]["people"].update(minItems=1), "minItems was None, is 1"),
    "a pattern": (lambda made: spec(made)["properties"]["title"].update(pattern="^a"), "pattern was None"),
    "another default": (
        lambda made: spec(made)["properties"]["deletionPolicy"].update(default="Delete"),
        "the default was Retain",
    ),
    "a rule": (
        lambda made: spec(made).setdefault("x-kubernetes-validations", []).append({"rule": "self.title != 'x'"}),
        "v1alpha1.spec: new rule self.title != 'x'",
    ),
    "a rule about a value that was": (
        lambda made: rules(made, "self.deletionPolicy != 'Delete' || has(self.link)"),
        "new rule self.deletionPolicy != 'Delete'",
    ),
    "a rule about a field that was": (lambda made: rules(made, "self.type == 'full' || !has(self.link)"), "new rule"),
    "a rule that only looks as if": (
        lambda made: rules(made, "!(has(self.link) || self.type != 'concert' || true)"),
        "new rule !(",
    ),
    "a rule inside a list": (
        lambda made: spec(made)["properties"]["people"]["items"].update({"x-kubernetes-validations": [{"rule": "r"}]}),
        "v1alpha1.spec.people[]: new rule r",
    ),
    "no subresource": (lambda made: made["spec"]["versions"][0].update(subresources={}), "subresource status is gone"),
    "not served": (lambda made: made["spec"]["versions"][0].update(served=False), "not served any more"),
    "another name": (lambda made: made["spec"]["names"].update(plural="eps"), "names.plural: episodes became eps"),
    "no short name": (lambda made: made["spec"]["names"].update(shortNames=[]), "names.shortNames: eps is gone"),
    "another version only": (
        lambda made: made["spec"]["versions"][0].update(name="v1"),
        "v1alpha1: is gone",
    ),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_what_is_no_addition_is_told(broken: str) -> None:
    edit, told = BREAKS[broken]
    found = breaks(current()[EPISODES], change(edit))
    assert len(found) == 1
    assert told in found[0]
