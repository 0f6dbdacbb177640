"""The comparison of a role with an audit log, on events as the API server writes them."""

import json
from typing import Any

import yaml

from tests.rights import Right, exercised, granted, policy, refused, secrets_read, uses

OPERATOR = "system:serviceaccount:system:operator"


def event(verb: str, resource: str, code: int = 200, user: str = OPERATOR, **about: str) -> str:
    body: dict[str, Any] = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "stage": "ResponseComplete",
        "verb": verb,
        "user": {"username": user, "groups": ["system:serviceaccounts"]},
        "objectRef": {"resource": resource, **about},
        "responseStatus": {"metadata": {}, "code": code},
    }
    return json.dumps(body)


LOG = [
    event("watch", "episodes", apiGroup="podwright.dev", apiVersion="v1alpha1"),
    event("patch", "episodes", apiGroup="podwright.dev", subresource="status", namespace="a", name="one"),
    event("patch", "cronjobs", 201, apiGroup="batch", namespace="a", name="launch"),
    event("patch", "jobs", 200, apiGroup="batch", namespace="a", name="one"),
    event("get", "secrets", 404, namespace="a", name="podwright-storage"),
    event("list", "secrets", 403, namespace="b"),
    event("delete", "nodes", user="system:admin"),
    json.dumps({"verb": "get", "user": {"username": OPERATOR}, "requestURI": "/apis/ray.io/v1"}),
    event("create", "jobs", apiGroup="batch", namespace="a")[:50],
]


def test_what_was_done() -> None:
    used = uses(LOG, OPERATOR)
    assert {str(right) for right in exercised(used)} == {
        "watch episodes.podwright.dev",
        "patch episodes/status.podwright.dev",
        "patch cronjobs.batch",
        "create cronjobs.batch",
        "patch jobs.batch",
        "get secrets",
    }
    assert [str(use.right) for use in refused(used)] == ["list secrets"]
    assert secrets_read(used) == {("a", "podwright-storage"), ("b", "*")}


def test_what_is_granted_and_never_used() -> None:
    rules = [
        {"apiGroups": ["batch"], "resources": ["jobs", "cronjobs"], "verbs": ["create", "patch"]},
        {"apiGroups": [""], "resources": ["secrets", "pods/log"], "verbs": ["get"], "resourceNames": ["x"]},
    ]
    assert granted(rules) - exercised(uses(LOG, OPERATOR)) == {
        Right("batch", "jobs", "create"),
        Right("", "pods/log", "get"),
    }
    assert exercised(uses(LOG, OPERATOR)) - granted(rules) == {
        Right("podwright.dev", "episodes", "watch"),
        Right("podwright.dev", "episodes/status", "patch"),
    }


def test_an_empty_log_uses_nothing() -> None:
    assert exercised(uses([], OPERATOR)) == frozenset()


def test_the_policy_records_these_users_alone() -> None:
    rules = yaml.safe_load(policy(OPERATOR))["rules"]
    assert [(rule["level"], rule.get("users")) for rule in rules] == [("Metadata", [OPERATOR]), ("None", None)]
