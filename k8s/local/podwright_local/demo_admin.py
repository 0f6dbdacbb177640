"""The demo's first person: an admin of its tenant, who can sign in to the facade."""

import base64
import secrets
from typing import Any

import httpx

from podwright_local.commands import LocalError
from podwright_local.kubectl import Kubectl

EMAIL = "demo@example.org"
NAME = "Demo"
#: Secret in the release's namespace that keeps the password between runs.
SECRET = "podwright-demo-admin"  # noqa: S105  (the name of a Secret)
_TIMEOUT_SECONDS = 30


def ensure(kubectl: Kubectl, namespace: str, facade: str, token: str, workspace: str) -> str | None:
    """The admin's password; None where the facade has no database. Idempotent: the password stays the same."""
    password = _password(kubectl, namespace)
    with httpx.Client(base_url=f"{facade}/api/v1", timeout=_TIMEOUT_SECONDS) as client:
        login = client.post("/auth/login", json={"email": EMAIL, "password": password})
        if login.status_code == httpx.codes.OK:
            return password
        if _code(login) == "ACCOUNTS_NOT_CONFIGURED":
            return None
        headers = {"Authorization": f"Bearer {token}"}
        invitation = {"email": EMAIL, "role": "admin"}
        invited = client.post(f"/workspaces/{workspace}/invitations", json=invitation, headers=headers)
        _demand(invited, "inviting the demo's admin")
        person = {"email": EMAIL, "name": NAME, "password": password, "invitation": invited.json()["data"]["token"]}
        _demand(client.post("/auth/register", json=person), "registering the demo's admin")
    return password


def _password(kubectl: Kubectl, namespace: str) -> str:
    """The one that the Secret keeps; made where there is none."""
    kept = kubectl.get("secret", SECRET, "-n", namespace)
    if kept is None:
        made = secrets.token_urlsafe(18)
        metadata = {"name": SECRET, "namespace": namespace}
        kubectl.apply([{"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"password": made}}])
        return made
    return base64.b64decode(kept["data"]["password"]).decode()


def _demand(answer: httpx.Response, doing: str) -> None:
    if not answer.is_success:
        raise LocalError(f"{doing}: {_code(answer)}: {_message(answer)}")


def _code(answer: httpx.Response) -> str:
    return str(_error(answer).get("code", answer.status_code))


def _message(answer: httpx.Response) -> str:
    return str(_error(answer).get("message", ""))


def _error(answer: httpx.Response) -> dict[str, Any]:
    try:
        error = answer.json().get("error")
    except ValueError:
        return {}
    return error if isinstance(error, dict) else {}
