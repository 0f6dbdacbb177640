"""A channel whose credentials could not be kept is there all the same, and says what it lacks."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import Request

from podwright_api import resources
from podwright_api.access.roles import Actor, ActorKind, Membership, Role
from podwright_api.context import Tenant
from podwright_api.errors import ErrorCode, FacadeError
from podwright_api.models import ChannelCreate
from podwright_api.routes import channels


class Away:
    """A cluster that ends right after the channel was created."""

    async def create_secret(self, *_: Any) -> None:
        raise FacadeError(ErrorCode.CLUSTER_UNAVAILABLE, "The Kubernetes API does not answer.")


async def created(*_: Any) -> dict[str, Any]:
    return {"apiVersion": "podwright.dev/v1alpha1", "kind": "Channel", "metadata": {"name": "news", "uid": "u"}}


async def test_what_a_channel_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "created_from", created)
    membership = Membership(Role.ADMIN)
    actor = Actor(ActorKind.PERSON, "p", "Ada", {"a": membership})
    tenant = Tenant("a", actor, membership, cast("Any", Away()), cast("Any", None), cast("Any", None))
    spec = {"type": "webhook", "webhook": {"url": "https://hooks.example.org/x"}}
    wanted = ChannelCreate.model_validate({"name": "news", "spec": spec, "credentials": {"signingSecret": "s"}})
    request = cast("Request", SimpleNamespace(state=SimpleNamespace()))
    with pytest.raises(FacadeError, match="/news/connect") as told:
        await channels.create_channel(request, tenant, None, wanted)
    assert told.value.code is ErrorCode.CLUSTER_UNAVAILABLE
