"""What Podwright asked the cluster for, by the API server's audit log, against the roles that the chart gives it."""

import json

import pytest

from podwright_crds.kinds import KINDS
from tests.e2e.installation import Installation
from tests.rights import Use, exercised, granted, log_lines, refused, uses

pytestmark = pytest.mark.usefixtures("published")


def used_by(installed: Installation, namespace: str, account: str) -> frozenset[Use]:
    log = installed.state / "logs" / "audit.log"
    return uses(log_lines(log), f"system:serviceaccount:{namespace}:{account}")


def roles(installed: Installation, *roles: tuple[str, str]) -> list[dict[str, object]]:
    found = []
    for kind, name in roles:
        role = installed.kube.run("get", kind, name, "-n", installed.system_namespace, "-o", "json").stdout
        found += json.loads(role)["rules"]
    return found


@pytest.mark.parametrize(
    ("account", "parts"),
    [
        ("podwright-operator", [("clusterrole", ""), ("role", "")]),
        ("podwright-api", [("clusterrole", "")]),
    ],
)
def test_nothing_was_asked_for_that_the_role_does_not_give(
    installed: Installation, account: str, parts: list[tuple[str, str]]
) -> None:
    used = used_by(installed, installed.system_namespace, account)
    assert account == "podwright-api" or exercised(used), "the log has its requests"
    assert refused(used) == set()
    assert exercised(used) <= granted(roles(installed, *((kind, account + suffix) for kind, suffix in parts)))


def test_the_operator_uses_what_it_may_write(installed: Installation) -> None:
    """Everything that it may change it has changed; what it only reads by name in trouble may be unused."""
    rules = roles(installed, ("clusterrole", "podwright-operator"))
    used = exercised(used_by(installed, installed.system_namespace, "podwright-operator"))
    writes = {right for right in granted(rules) if right.verb in {"create", "update", "delete", "patch"}}
    own = {kind.PLURAL for kind in KINDS}
    looked_at = {right for right in writes if right.resource.endswith("/finalizers") or right.resource in own}
    looked_at |= {right for right in writes if (right.resource, right.verb) == ("jobs", "patch")}  # to take one back
    # Deletions come with suspension and changed inputs, which other tests do.
    assert {str(right) for right in writes - used - looked_at if right.verb != "delete"} == set()
