"""What a change makes of an object is what its reach and its manager are judged by."""

from typing import Any

import pytest

from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.resources import demand_unmanaged, merged

NESTED: dict[str, Any] = {}
for _ in range(100):
    NESTED = {"a": NESTED}


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        # RFC 7386, appendix A: those whose target and patch are objects.
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        # A campaign's selector keeps the show that it is of, unless that is taken out.
        (
            {"episodes": {"podcastRef": {"name": "ours"}}},
            {"episodes": {"names": ["one"]}},
            {"episodes": {"podcastRef": {"name": "ours"}, "names": ["one"]}},
        ),
        ({"episodes": {"podcastRef": {"name": "ours"}}}, {"episodes": {"podcastRef": None}}, {"episodes": {}}),
    ],
)
def test_a_merge_patch(target: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]) -> None:
    assert merged(target, patch) == result


def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(FacadeError) as refused:
        merged({}, NESTED)
    assert refused.value.code is ErrorCode.INVALID_FIELDS


@pytest.mark.parametrize(
    "labels", [{"app.kubernetes.io/managed-by": "Helm"}, {"kustomize.toolkit.fluxcd.io/name": "x"}]
)
def test_nobody_locks_an_object_by_its_labels(labels: dict[str, str]) -> None:
    body: dict[str, Any] = {"metadata": {"name": "one", "labels": labels | {"season": "one"}}}
    with pytest.raises(FacadeError) as refused:
        demand_unmanaged(body)
    assert refused.value.fields[0].field == "labels"
    demand_unmanaged({"metadata": {"name": "one", "labels": {"season": "one"}}})
