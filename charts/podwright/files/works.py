"""What ``helm test`` runs: is an operator at work, and does the facade answer? Prints what it found; exits 1 if not."""

import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

_TRIES, _PAUSE_S = 30, 2.0


def get(url: str, token: str = "", context: ssl.SSLContext | None = None) -> bytes:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=5, context=context) as answer:
        body: bytes = answer.read()
        return body


def operator(name: str) -> str:
    """Raises ``LookupError`` where nobody has renewed this Lease lately."""
    account = Path("/var/run/secrets/kubernetes.io/serviceaccount")
    trust = ssl.create_default_context(cafile=str(account / "ca.crt"))
    path = f"apis/coordination.k8s.io/v1/namespaces/{os.environ['NAMESPACE']}/leases/{name}"
    url = f"https://kubernetes.default.svc/{path}"
    lease = json.loads(get(url, (account / "token").read_text(), trust))["spec"]
    age = datetime.now(UTC) - datetime.fromisoformat(lease["renewTime"])
    if not lease.get("holderIdentity") or age.total_seconds() > lease["leaseDurationSeconds"]:
        raise LookupError(f"no operator works: it was renewed {age.total_seconds():.0f} s ago")
    return f"the operator {lease['holderIdentity']} works"


def facade() -> str:
    """Ready means that the facade reaches what it works with."""
    get(f"{os.environ['FACADE']}/readyz")
    return "the facade answers"


def told(what: str, check: Callable[[], str]) -> bool:
    """Tries for a minute: a Service takes a moment to know its pods."""
    for left in reversed(range(_TRIES)):
        try:
            print(check(), flush=True)
        except (OSError, LookupError, ValueError) as error:
            if not left:
                print(f"{what}: {error}", flush=True)
                return False
            time.sleep(_PAUSE_S)
        else:
            return True
    return False


if __name__ == "__main__":
    checks: dict[str, Callable[[], str]] = {
        f"Lease {name}": partial(operator, name) for name in os.environ["LEASES"].split(",")
    }
    if "FACADE" in os.environ:
        checks["facade"] = facade
    sys.exit(0 if all([told(what, check) for what, check in checks.items()]) else 1)
