"""Names are not unique, and everybody chooses their own: what stands under one is not always theirs."""

from typing import Any, cast
from uuid import uuid4

from podwright_api.database import departures
from podwright_api.database.departures import pseudonym_of
from podwright_api.database.engine import Database
from podwright_api.kubernetes import Cluster, Kind, Page
from podwright_api.upkeep.departures import Departures
from podwright_crds.post import Post
from tests.integration.accounts.facade import WORKSPACES, Facade

OURS, THEIRS = WORKSPACES


class Approved:
    """A cluster in each of whose namespaces somebody of a name approved a post."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.patches: list[tuple[str, Any]] = []

    async def all(self, kind: Kind, _: str) -> Page:
        spec = {"channelRef": {"name": "c"}, "text": "Listen.", "approval": {"state": "Approved", "by": self.name}}
        post = {"metadata": {"name": "p", "resourceVersion": "7"}, "spec": spec}
        return Page([post] if kind is Post else [], None, "7")

    async def patch(self, _: Kind, namespace: str, __: str, patch: dict[str, Any]) -> None:
        self.patches.append((namespace, patch["spec"]))


async def test_a_name_is_taken_out_where_they_belonged_and_nowhere_else(facade: Facade) -> None:
    """Whoever bears a name can give it up elsewhere, too: of others' decisions there it tells nothing."""
    stranger, moved = await facade.join("viewer", OURS), await facade.join("viewer", OURS)
    name = f"Grace {uuid4().hex[:8]}"
    await facade.data("PUT", "/users/me", stranger.token, json={"name": name})
    path = f"/workspaces/{THEIRS}"
    await facade.data("POST", f"{path}/invitations", json={"email": moved.email, "role": "viewer"})
    await facade.data("POST", "/users/me/invitations", moved.token, json={"token": facade.postbox.token(moved.email)})
    await facade.data("DELETE", f"{path}/members/{moved.id}")
    exported = await facade.data("GET", "/users/me/export", moved.token)
    assert exported["person"]["belongedTo"] == [OURS, THEIRS]
    for member in (stranger, moved):
        await facade.data("DELETE", "/users/me", member.token)
    database = Database.connect(facade.database.application, 1)
    try:
        async with database.identity() as connection:
            left = {one.person: one for one in await departures.unfinished(connection)}
        approved = Approved(name)
        for workspace in WORKSPACES:
            upkeep = Departures(database, cast("Cluster", approved), WORKSPACES)
            await upkeep._take_out(left[stranger.id], workspace)
    finally:
        await database.close()
    assert left[stranger.id].named_in == {OURS}
    assert left[moved.id].named_in == {OURS, THEIRS}
    assert approved.patches == [(OURS, {"approval": {"by": pseudonym_of(stranger.id)}})]
