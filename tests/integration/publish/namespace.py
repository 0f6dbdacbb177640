"""What the publisher's tests do to a real API server."""

import json
import time
from dataclasses import dataclass
from typing import Any

from podwright_crds import names
from podwright_crds.post import Post
from tests.control_plane import ControlPlane
from tests.integration.publish.receivers import SECRET

Object = dict[str, Any]


@dataclass
class Namespace:
    control_plane: ControlPlane
    name: str

    def apply(self, kind: str, name: str, spec: Object) -> None:
        body = {"apiVersion": names.API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
        self.control_plane.kubectl("apply", "-n", self.name, "-f", "-", stdin=json.dumps(body))

    def channel(self, url: str, name: str = "news", **spec: Any) -> None:
        """A webhook channel that the operator has found well."""
        self.control_plane.kubectl(
            "create", "secret", "generic", f"{name}-secret", "-n", self.name, f"--from-literal=signingSecret={SECRET}"
        )
        webhook = {"type": "webhook", "webhook": {"url": url, "timeoutSeconds": 2}}
        self.apply("Channel", name, {**webhook, "credentialsRef": {"name": f"{name}-secret"}, **spec})
        self.set_ready("channel", name)

    def set_ready(self, kind: str, name: str) -> None:
        condition = {
            "type": "Ready",
            "status": "True",
            "reason": "Ready",
            "message": "well",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        patch = json.dumps({"status": {"conditions": [condition]}})
        self.control_plane.kubectl(
            "patch", kind, name, "-n", self.name, "--subresource=status", "--type=merge", "-p", patch
        )

    def post(self, name: str, **spec: Any) -> None:
        due = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        approved = {"approval": {"state": "Approved"}, "publishAt": due}
        self.apply("Post", name, {"channelRef": {"name": "news"}, "text": f"About {name}.", **approved, **spec})

    def read(self, name: str) -> Post:
        return Post.read(self.control_plane.get("post", name, "-n", self.name))

    def posts(self) -> list[Post]:
        return [Post.read(item) for item in self.control_plane.get("posts", "-n", self.name)["items"]]
