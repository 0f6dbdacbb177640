"""Calls of the Kubernetes client, in the words of the publisher's ports."""

import base64
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

import aiohttp
from kubernetes.aio import client

from podwright_publish.ports import ConflictError, StoreUnavailableError

T = TypeVar("T")

REQUEST_SECONDS: Final = 20
_CONFLICT = 409
_NOT_FOUND = 404
_OVERLOADED = 429


def decoded(secret: Any) -> dict[str, str]:
    """The data of a Secret as text."""
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in (secret.data or {}).items()}


async def translated(call: Awaitable[T]) -> T | None:
    """The result; ``None`` where the object does not exist; the port's errors for the rest."""
    try:
        return await call
    except client.ApiException as error:
        if error.status == _NOT_FOUND:
            return None
        if error.status == _CONFLICT:
            raise ConflictError(str(error.reason)) from error
        if error.status == _OVERLOADED or error.status is None or error.status >= 500:
            raise StoreUnavailableError(f"the API server answered {error.status} {error.reason}") from error
        raise
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise StoreUnavailableError(f"no answer from the API server ({type(error).__name__})") from error
