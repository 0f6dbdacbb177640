"""The servers that the demo publishes to besides its own receiver: snac (Mastodon's API) and Bluesky's PDS.

Each has one account. What its channel needs to log in goes into a Secret of the tenant, once.
"""

import base64
import json
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from podwright_local.commands import LocalError
from podwright_local.files import write_whole
from podwright_local.kubectl import Kubectl, Manifest

NAMESPACE = "social"
USER = "workshop"
#: The PDS keeps words such as `workshop` to itself.
HANDLE = "the-workshop.test"
SNAC_PORT, PDS_PORT = 8001, 2583
MASTODON_SECRET = "mastodon-credentials"  # noqa: S105  (the name of a Secret)
BLUESKY_SECRET = "bluesky-credentials"  # noqa: S105
_TIMEOUT_SECONDS = 30
_READY_SECONDS = 60.0
_COLLECTION = "app.bsky.feed.post"


@dataclass(frozen=True)
class ServerSecrets:
    """What the servers and their accounts are made with; generated when a cluster is first made."""

    jwt_secret: str
    admin_password: str
    rotation_key: str
    account_password: str

    @classmethod
    def ensure(cls, path: Path) -> "ServerSecrets":
        """Those in the file; made and written if there is none."""
        if path.exists():
            return cls(**json.loads(path.read_text()))
        made = cls(
            jwt_secret=secrets.token_hex(16),
            admin_password=secrets.token_urlsafe(24),
            # A number below the order of secp256k1, which begins with eight times f.
            rotation_key=f"0{secrets.token_hex(32)[1:]}",
            account_password=secrets.token_urlsafe(24),
        )
        write_whole(path, json.dumps(made.__dict__), mode=0o600)
        return made


def service(name: str, port: int) -> Manifest:
    """The Service of one of the servers."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": port, "targetPort": "http"}]},
    }


@dataclass(frozen=True)
class Kept:
    """A post as a server keeps it."""

    id: str
    text: str


@dataclass(frozen=True)
class SocialServers:
    """Both servers, running, as this machine reaches them."""

    kubectl: Kubectl
    snac: str
    """URL."""
    pds: str
    account_password: str

    def ensure_accounts(self, tenant: str) -> None:
        """An account on each, with the Secrets of its channels in the tenant's namespace. Idempotent."""
        if self.kubectl.get("secret", MASTODON_SECRET, "-n", tenant) is None:
            self._keep(tenant, MASTODON_SECRET, {"accessToken": self._snac_token()})
        if self.kubectl.get("secret", BLUESKY_SECRET, "-n", tenant) is None:
            self._keep(tenant, BLUESKY_SECRET, {"identifier": HANDLE, "appPassword": self._app_password()})

    def pages(self) -> list[tuple[str, str]]:
        """Where a person looks, with a browser on this machine."""
        listed = f"{self.pds}/xrpc/com.atproto.repo.listRecords?repo={HANDLE}&collection={_COLLECTION}"
        return [("mastodon", f"{self.snac}/{USER}"), ("bluesky", listed)]

    def page_of(self, channel: str, status: Manifest) -> str:
        """Where a person looks at one post, by the status of its Post; bsky.app does not know this PDS."""
        if channel == "mastodon":
            return str(status["url"])
        repo, collection, key = status["platformId"].removeprefix("at://").split("/")
        return f"{self.pds}/xrpc/com.atproto.repo.getRecord?repo={repo}&collection={collection}&rkey={key}"

    def mastodon_posts(self, tenant: str) -> list[Kept]:
        """What the account on snac has, the newest 40."""
        headers = {"Authorization": f"Bearer {self._kept(tenant, MASTODON_SECRET)['accessToken']}"}
        with httpx.Client(base_url=f"{self.snac}/api/v1/accounts", headers=headers, timeout=_TIMEOUT_SECONDS) as client:
            account = _answer(client.get("/verify_credentials"), "asking snac for its account")["id"]
            statuses = _answer(client.get(f"/{account}/statuses", params={"limit": 40}), "asking snac for its posts")
        return [Kept(status["id"], status["content"]) for status in statuses]

    def bluesky_posts(self) -> list[Kept]:
        """What the account on the PDS has, the newest 100."""
        query = {"repo": HANDLE, "collection": _COLLECTION, "limit": "100"}
        listed = self._xrpc("GET", "repo.listRecords", params=query)
        return [Kept(record["uri"], record["value"]["text"]) for record in listed["records"]]

    def _snac_token(self) -> str:
        said = self.kubectl.run(
            *("exec", "-n", NAMESPACE, "deployment/snac", "--", "snac", "resetpwd", "/data/snac", USER)
        )
        found = re.search(r"password.* is (\S+)", said)
        if found is None:
            raise LocalError("snac made no password for its account")
        form = {"login": USER, "passwd": found.group(1)}
        answer = _patiently("POST", f"{self.snac}/oauth/x-snac-get-token", data=form)
        if not answer.is_success or not answer.text.strip():
            raise LocalError(f"snac gives its account no token: HTTP {answer.status_code}")
        return answer.text.strip()

    def _app_password(self) -> str:
        login = {"identifier": HANDLE, "password": self.account_password}
        answer = _patiently("POST", f"{self.pds}/xrpc/com.atproto.server.createSession", json=login)
        if answer.is_success:
            session = answer.json()
        else:
            person = {"handle": HANDLE, "email": f"{USER}@example.org", "password": self.account_password}
            session = self._xrpc("POST", "server.createAccount", json=person)
        name = {"name": f"podwright-{secrets.token_hex(4)}"}
        headers = {"Authorization": f"Bearer {session['accessJwt']}"}
        return str(self._xrpc("POST", "server.createAppPassword", json=name, headers=headers)["password"])

    def _xrpc(self, method: str, name: str, **request: Any) -> Any:
        answer = _patiently(method, f"{self.pds}/xrpc/com.atproto.{name}", **request)
        return _answer(answer, f"asking the PDS for {name}")

    def _keep(self, tenant: str, name: str, values: dict[str, str]) -> None:
        metadata = {"name": name, "namespace": tenant}
        self.kubectl.apply([{"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}])

    def _kept(self, tenant: str, name: str) -> dict[str, str]:
        secret = self.kubectl.get("secret", name, "-n", tenant) or {"data": {}}
        return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def kept_once(platform_id: str, kept: list[Kept]) -> bool:
    """Whether a server has the post, and no second one with its words."""
    found = [each for each in kept if each.id == platform_id]
    return len(found) == 1 and [each.text for each in kept].count(found[0].text) == 1


def _patiently(method: str, url: str, **request: Any) -> httpx.Response:
    """The answer; kube-proxy may write a Service's rules a moment after its pods are ready."""
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            return httpx.request(method, url, timeout=_TIMEOUT_SECONDS, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if time.monotonic() > deadline:
                raise LocalError(f"no answer from {url}: {error}") from error
            time.sleep(0.2)


def _answer(answer: httpx.Response, doing: str) -> Any:
    if not answer.is_success:
        raise LocalError(f"{doing}: HTTP {answer.status_code}: {answer.text[:300]}")
    return answer.json()
