"""Renewed tokens in a Secret of their own, one for each Channel: the user's Secret may belong to a GitOps tool.

Refresh tokens are often good for one use: whoever renews says so on the Secret first, guarded by its version.
"""

import asyncio
import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes.aio import client

from podwright_core.times import format_instant, parse_instant
from podwright_crds.channel import Channel
from podwright_crds.names import (
    ANNOTATION_CREDENTIALS,
    ANNOTATION_RENEWING_UNTIL,
    API_VERSION,
    LABEL_CHANNEL,
    LABEL_MANAGED_BY,
    MANAGED_BY,
    PUBLISHER_FIELD_MANAGER,
    label_value,
    tokens_secret,
)
from podwright_publish.kubernetes_calls import REQUEST_SECONDS, decoded, translated
from podwright_publish.ports import ConflictError, StoreUnavailableError

#: Longer than a request for new tokens takes.
_CLAIM = timedelta(seconds=60)
_LOOK_AGAIN_S = 1.0
_KEEP_TRIES = 8


class KubernetesTokens:
    """A ``TokenStore`` for the tokens that came of one state of a Channel's credentials."""

    def __init__(self, core: client.CoreV1Api, channel: Channel, digest: str):
        self._core = core
        self._channel = channel
        self._namespace = channel.metadata.namespace
        self._name = tokens_secret(channel.metadata.name)
        self._digest = digest
        self._read: dict[str, str] | None = None

    async def read(self) -> Mapping[str, str] | None:
        """Tokens in force; None where there are none, or where the credentials were replaced since."""
        self._read = self._ours(await self._secret())
        return self._read

    async def claim(self) -> Mapping[str, str] | None:
        """See ``TokenStore``; waits while somebody else renews."""
        while True:
            secret = await self._secret()
            if (there := self._ours(secret)) is not None and there != self._read:
                self._read = there
                return there
            if secret is not None and self._is_claimed(secret):
                await asyncio.sleep(_LOOK_AGAIN_S)
                continue
            until = format_instant(datetime.now(UTC) + _CLAIM)
            try:
                await self._write(secret, there, {ANNOTATION_RENEWING_UNTIL: until})
            except ConflictError:
                continue
            return None

    async def keep(self, values: Mapping[str, str]) -> None:
        """Raises ``StoreUnavailableError`` after several tries: the tokens are then known to this process only."""
        for attempt in range(_KEEP_TRIES):
            try:
                secret = await self._secret()
                whole = {**(self._ours(secret) or {}), **values}
                await self._write(secret, whole, {ANNOTATION_RENEWING_UNTIL: None})
            except (ConflictError, StoreUnavailableError):
                if attempt + 1 == _KEEP_TRIES:
                    raise StoreUnavailableError(f"renewed tokens could not be kept in Secret '{self._name}'") from None
                await asyncio.sleep(min(0.1 * 2**attempt, 5))
            else:
                self._read = whole
                return

    def _ours(self, secret: Any) -> dict[str, str] | None:
        if secret is None or not secret.data:
            return None
        annotations = secret.metadata.annotations or {}
        return decoded(secret) if annotations.get(ANNOTATION_CREDENTIALS) == self._digest else None

    def _is_claimed(self, secret: Any) -> bool:
        until = (secret.metadata.annotations or {}).get(ANNOTATION_RENEWING_UNTIL)
        try:
            return until is not None and parse_instant(until) > datetime.now(UTC)
        except ValueError:
            return False

    async def _secret(self) -> Any:
        return await translated(
            self._core.read_namespaced_secret(self._name, self._namespace, _request_timeout=REQUEST_SECONDS)
        )

    async def _write(self, there: Any, values: Mapping[str, str] | None, annotations: Mapping[str, str | None]) -> None:
        """Write over the version that was read, or where nothing was."""
        metadata: dict[str, Any] = {
            "name": self._name,
            "labels": {LABEL_MANAGED_BY: MANAGED_BY, LABEL_CHANNEL: label_value(self._channel.metadata.name)},
            "annotations": {
                ANNOTATION_CREDENTIALS: self._digest,
                **{key: value for key, value in annotations.items() if value is not None or there is not None},
            },
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": Channel.KIND,
                    "name": self._channel.metadata.name,
                    "uid": self._channel.metadata.uid,
                }
            ],
        }
        data = {key: base64.b64encode(value.encode()).decode() for key, value in (values or {}).items()}
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
        if there is None:
            call = self._core.create_namespaced_secret(
                self._namespace,
                body,  # type: ignore[arg-type]  # the client takes both field_manager=PUBLISHER_FIELD_MANAGER, _request_timeout=REQUEST_SECONDS
            )
        else:
            metadata["resourceVersion"] = there.metadata.resource_version
            # Keys that are not there any more go too.
            body["data"] = {**dict.fromkeys(there.data or {}), **data}
            call = self._core.patch_namespaced_secret(
                self._name,
                self._namespace,
                body,
                field_manager=PUBLISHER_FIELD_MANAGER,
                _content_type="application/merge-patch+json",
                _request_timeout=REQUEST_SECONDS,
            )
        if await translated(call) is None:
            raise ConflictError(self._name)
