"""What a role grants against what its bearer did, by the API server's audit log.

used = uses(audit_log.read_text().splitlines(), "system:serviceaccount:podwright-system:podwright-operator")
assert refused(used) == set()
assert granted(rules) - exercised(used) == set()
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

Rule = dict[str, Any]


class Right(NamedTuple):
    """One verb on one resource; a subresource is written ``pods/log``."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{'.' if self.group else ''}{self.group}"


@dataclass(frozen=True)
class Use:
    """One request."""

    right: Right
    namespace: str
    name: str
    code: int


def policy(*users: str) -> str:
    """An audit policy that records the metadata of these users' requests and nothing else."""
    rules = [{"level": "Metadata", "users": list(users)}, {"level": "None"}]
    return yaml.safe_dump(
        {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": rules}
    )


def uses(lines: Iterable[str], user: str) -> frozenset[Use]:
    """The requests of ``user`` about resources; discovery and probes have none. A line cut off at the end is left."""
    found = set()
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        about = event.get("objectRef")
        if event.get("user", {}).get("username") != user or not about:
            continue
        resource = "/".join(filter(None, (about["resource"], about.get("subresource"))))
        right = Right(about.get("apiGroup", ""), resource, event["verb"])
        code = event.get("responseStatus", {}).get("code", 0)
        found.add(Use(right, about.get("namespace", ""), about.get("name", ""), code))
    return frozenset(found)


def log_lines(log: Path) -> Iterable[str]:
    """All of a log, with the files that it was rotated into."""
    for file in sorted(log.parent.glob(f"{log.stem}*{log.suffix}")):
        yield from file.read_text(errors="replace").splitlines()


def granted(rules: Iterable[Rule]) -> frozenset[Right]:
    """Every right that the rules of a role give."""
    return frozenset(
        Right(group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    )


def exercised(used: Iterable[Use]) -> frozenset[Right]:
    """Rights behind requests that were let through. Server-side apply that makes an object needs ``create`` too."""
    allowed = [use for use in used if use.code not in {401, 403}]
    return frozenset(use.right for use in allowed) | frozenset(
        use.right._replace(verb="create") for use in allowed if use.right.verb == "patch" and use.code == 201
    )


def refused(used: Iterable[Use]) -> frozenset[Use]:
    """Requests that the bearer had no right to."""
    return frozenset(use for use in used if use.code in {401, 403})


def secrets_read(used: Iterable[Use]) -> frozenset[tuple[str, str]]:
    """Namespace and name of each Secret that was asked for; a list counts as the name ``*``."""
    return frozenset((use.namespace, use.name or "*") for use in used if use.right.resource == "secrets")
