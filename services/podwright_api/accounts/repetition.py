"""Requests that are sent twice do their work once."""

import base64
import json
from dataclasses import dataclass

from podwright_api.accounts.foundation import Foundation
from podwright_api.database import idempotency
from podwright_api.errors import ErrorCode, FacadeError


@dataclass(frozen=True)
class KeptAnswer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Repetition:
    """Keeps answers under the caller's key, sealed."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    async def begin(self, workspace: str, subject: str, key: str, request: bytes) -> KeptAnswer | None:
        """The answer that was given to this request before; None where it is to be fulfilled now.

        Raises ``FacadeError`` (IDEMPOTENCY_CONFLICT) where the key belongs to another request, or to one that runs.
        """
        fingerprint = self._foundation.sealer.fingerprint(request)
        async with self._foundation.database.tenant(workspace) as connection:
            kept = await idempotency.reserve(connection, workspace, subject, key, fingerprint)
        if kept is None:
            return None
        if kept.fingerprint != fingerprint:
            message = "This Idempotency-Key was used for another request; use a new one."
            raise FacadeError(ErrorCode.IDEMPOTENCY_CONFLICT, message)
        if kept.answer is None:
            message = "The first request with this Idempotency-Key is still running; try again in a moment."
            raise FacadeError(ErrorCode.IDEMPOTENCY_CONFLICT, message, retry_after=1)
        read = json.loads(self._foundation.sealer.open(kept.answer))
        headers = [(name, value) for name, value in read["headers"]]
        return KeptAnswer(read["status"], headers, base64.b64decode(read["body"]))

    async def keep(self, workspace: str, subject: str, key: str, answer: KeptAnswer) -> None:
        body = base64.b64encode(answer.body).decode()
        sealed = self._foundation.sealer.seal(
            json.dumps({"status": answer.status, "headers": answer.headers, "body": body})
        )
        async with self._foundation.database.tenant(workspace) as connection:
            await idempotency.keep(connection, subject, key, sealed)

    async def release(self, workspace: str, subject: str, key: str) -> None:
        async with self._foundation.database.tenant(workspace) as connection:
            await idempotency.release(connection, subject, key)
