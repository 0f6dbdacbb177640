"""Every endpoint, as every role and as another tenant's admin. There is no cluster: 503 means 'you may'."""

import json
from typing import Any

import pytest

from podwright_api import openapi
from podwright_api.app import is_open
from tests.integration.accounts.facade import TOKEN, WORKSPACES, Facade, Member
from tests.integration.accounts.outbox import rows

API = "/api/v1"
EVERYBODY = "admin creator collaborator viewer"
EDITORS = "admin creator collaborator"
CREATORS = "admin creator"
ADMIN = "admin"
#: Whoever is signed in, member or not: their own things.
OWN = "own"

#: The whole surface, written by hand: an endpoint that is not here fails the test.
WHO: dict[str, str] = {
    "POST /auth/logout": OWN,
    "POST /auth/logout-all": OWN,
    "POST /auth/mfa/totp": OWN,
    "POST /auth/mfa/totp/confirm": OWN,
    "POST /auth/mfa/totp/disable": OWN,
    "POST /auth/mfa/totp/recovery-codes": OWN,
    "GET /users/me": OWN,
    "PUT /users/me": OWN,
    "DELETE /users/me": OWN,
    "GET /users/me/export": OWN,
    "PUT /users/me/password": OWN,
    "GET /users/me/preferences": OWN,
    "PUT /users/me/preferences": OWN,
    "GET /users/me/sessions": OWN,
    "DELETE /users/me/sessions/{session}": OWN,
    "POST /users/me/invitations": OWN,
    "GET /users/{person}": CREATORS,
    "GET /workspaces": OWN,
    "GET /workspaces/{workspace}": EVERYBODY,
    "PATCH /workspaces/{workspace}": ADMIN,
    "GET /workspaces/{workspace}/members": CREATORS,
    "PUT /workspaces/{workspace}/members/{person}": ADMIN,
    "DELETE /workspaces/{workspace}/members/{person}": ADMIN,
    "GET /workspaces/{workspace}/invitations": ADMIN,
    "POST /workspaces/{workspace}/invitations": ADMIN,
    "DELETE /workspaces/{workspace}/invitations/{item}": ADMIN,
    "GET /workspaces/{workspace}/service-accounts": ADMIN,
    "POST /workspaces/{workspace}/service-accounts": ADMIN,
    "DELETE /workspaces/{workspace}/service-accounts/{item}": ADMIN,
    "GET /workspaces/{workspace}/api-keys": EVERYBODY,
    "POST /workspaces/{workspace}/api-keys": EVERYBODY,
    "DELETE /workspaces/{workspace}/api-keys/{item}": EVERYBODY,
    "GET /workspaces/{workspace}/audit": ADMIN,
    "GET /workspaces/{workspace}/audit/export": ADMIN,
    "GET /workspaces/{workspace}/audit/check": ADMIN,
    "GET /podcasts": EVERYBODY,
    "POST /podcasts": CREATORS,
    "POST /podcasts/import": CREATORS,
    "GET /podcasts/{id}": EVERYBODY,
    "PUT /podcasts/{id}": CREATORS,
    "PATCH /podcasts/{id}": CREATORS,
    "DELETE /podcasts/{id}": CREATORS,
    "GET /podcasts/{id}/feed": EVERYBODY,
    "GET /episodes": EVERYBODY,
    "POST /episodes": EDITORS,
    "GET /episodes/{id}": EVERYBODY,
    "PUT /episodes/{id}": EDITORS,
    "PATCH /episodes/{id}": EDITORS,
    "DELETE /episodes/{id}": EDITORS,
    "POST /episodes/{id}/retry": EDITORS,
    "GET /episodes/{id}/explain": EVERYBODY,
    "GET /episodes/{id}/downloads": EVERYBODY,
    "GET /episodes/{id}/transcript": EVERYBODY,
    "PATCH /episodes/{id}/transcript": EDITORS,
    "POST /episodes/{id}/transcript": EDITORS,
    "GET /episodes/{id}/chapters": EVERYBODY,
    "GET /episodes/{id}/analysis": EVERYBODY,
    "GET /episodes/{id}/clip-suggestions": EVERYBODY,
    "GET /episodes/{id}/marketing-content": EVERYBODY,
    "POST /episodes/{id}/marketing-content": EDITORS,
    "GET /episodes/{id}/clips": EVERYBODY,
    "POST /uploads": EDITORS,
    "GET /uploads/{id}": EDITORS,
    "POST /uploads/{id}/parts": EDITORS,
    "POST /uploads/{id}/complete": EDITORS,
    "DELETE /uploads/{id}": EDITORS,
    "GET /posts": EVERYBODY,
    "POST /posts": EDITORS,
    "POST /posts/decisions": EDITORS,
    "GET /posts/{id}": EVERYBODY,
    "PATCH /posts/{id}": EDITORS,
    "DELETE /posts/{id}": CREATORS,
    "GET /posts/{id}/metrics": EVERYBODY,
    "POST /posts/{id}/decisions": EDITORS,
    "POST /social-media/schedule": EDITORS,
    "GET /campaigns": EVERYBODY,
    "POST /campaigns": CREATORS,
    "GET /campaigns/{id}": EVERYBODY,
    "PATCH /campaigns/{id}": CREATORS,
    "DELETE /campaigns/{id}": CREATORS,
    "GET /campaigns/{id}/calendar.ics": EVERYBODY,
    "GET /campaigns/{id}/plan": EVERYBODY,
    "GET /distribution/channels": EVERYBODY,
    "POST /distribution/channels": ADMIN,
    "GET /distribution/channels/{id}": EVERYBODY,
    "PATCH /distribution/channels/{id}": ADMIN,
    "DELETE /distribution/channels/{id}": ADMIN,
    "POST /distribution/channels/{id}/connect": ADMIN,
    "POST /distribution/channels/{id}/connect/consent": ADMIN,
    "POST /distribution/channels/{id}/connect/callback": ADMIN,
    "GET /distribution/dead-letters": EVERYBODY,
    "GET /content": EVERYBODY,
    "POST /content": EDITORS,
    "GET /content/{id}": EVERYBODY,
    "PUT /content/{id}": EDITORS,
    "DELETE /content/{id}": EDITORS,
    "GET /content/{id}/versions": EVERYBODY,
    "GET /content/{id}/versions/{version}": EVERYBODY,
    "POST /content/decisions": CREATORS,
    "POST /content/generate": EDITORS,
    "POST /content/generations": EDITORS,
    "POST /content/{id}/refine": EDITORS,
    "POST /content/{id}/versions/{version}/restore": EDITORS,
    "POST /content/{id}/approve": CREATORS,
    "POST /content/{id}/reject": CREATORS,
    "GET /templates": EVERYBODY,
    "POST /templates": EDITORS,
    "GET /templates/{id}": EVERYBODY,
    "PUT /templates/{id}": EDITORS,
    "DELETE /templates/{id}": EDITORS,
    "GET /search": EVERYBODY,
    "GET /calendar": EVERYBODY,
    "GET /calendar.ics": EVERYBODY,
    "GET /events/stream": EVERYBODY,
    "GET /users/me/identities": OWN,
    "POST /users/me/identities": OWN,
    "DELETE /users/me/identities/{provider}": OWN,
    "GET /webhooks": ADMIN,
    "POST /webhooks": ADMIN,
    "GET /webhooks/{webhook}": ADMIN,
    "PATCH /webhooks/{webhook}": ADMIN,
    "DELETE /webhooks/{webhook}": ADMIN,
    "POST /webhooks/{webhook}/secret": ADMIN,
    "POST /webhooks/{webhook}/test": ADMIN,
    "GET /webhooks/{webhook}/deliveries": ADMIN,
    "GET /webhooks/{webhook}/deliveries/{delivery}": ADMIN,
    "POST /webhooks/{webhook}/deliveries/{delivery}/replay": ADMIN,
    "GET /notifications": EVERYBODY,
    "POST /notifications/read": EVERYBODY,
    "GET /model-endpoints": EVERYBODY,
    "GET /model-endpoints/{id}": EVERYBODY,
    "PATCH /model-endpoints/{id}": ADMIN,
}
#: Ends what the test itself signs in with; who else may is tested in test_sign_in.
ENDS_THE_SESSION = {"POST /auth/logout", "POST /auth/logout-all", "DELETE /users/me"}
NOBODY = "00000000-0000-4000-8000-000000000000"


def endpoints() -> list[str]:
    paths: dict[str, dict[str, Any]] = json.loads(openapi.FILE.read_text())["paths"]
    return [
        f"{method.upper()} {path.removeprefix(API)}"
        for path, operations in paths.items()
        if path.startswith(API) and not is_open(path)
        for method in operations
    ]


def test_the_table_names_every_endpoint() -> None:
    assert set(endpoints()) == set(WHO)


async def send(facade: Facade, endpoint: str, token: str | None, workspace: str) -> tuple[int, str]:
    method, path = endpoint.split(" ")
    names = {"{workspace}": workspace, "{id}": "some", "{provider}": "none", "{version}": "1"}
    names |= dict.fromkeys(("{person}", "{item}", "{session}", "{webhook}", "{delivery}"), NOBODY)
    if path.startswith(("/content/", "/templates/")):
        names["{id}"] = NOBODY
    for name, value in names.items():
        path = path.replace(name, value)
    body: dict[str, str] | None = {} if method in ("POST", "PUT", "PATCH") else None
    answer = await facade.call(method, path, token, workspace=workspace, json=body)
    code = "" if answer.is_success else answer.json()["error"]["code"]
    return answer.status_code, code


async def test_every_endpoint_as_every_role_and_as_another_tenants_admin(facade: Facade) -> None:
    ours, theirs = WORKSPACES
    roles: dict[str, Member] = {role: await facade.join(role, ours, shows=["*"]) for role in EVERYBODY.split()}
    stranger = await facade.join("admin", theirs)
    wrong: list[str] = []

    def expect(who: str, endpoint: str, got: tuple[int, str], expected: str) -> None:
        status, code = got
        refused = status in (401, 403)
        good = refused and code == expected if expected else not refused
        if not good:
            wrong.append(f"{who}: {endpoint} answered {status} {code}, expected {expected or 'to be let in'}")

    for endpoint, who in WHO.items():
        expect("nobody", endpoint, await send(facade, endpoint, None, ours), "UNAUTHENTICATED")
        if endpoint in ENDS_THE_SESSION:
            continue
        for role, member in roles.items():
            allowed = who == OWN or role in who.split()
            expect(role, endpoint, await send(facade, endpoint, member.token, ours), "" if allowed else "FORBIDDEN")
        hopping = "" if who == OWN else "NAMESPACE_NOT_ALLOWED"
        expect("another tenant's admin", endpoint, await send(facade, endpoint, stranger.token, ours), hopping)
        bootstrap = await send(facade, endpoint, TOKEN, ours)
        personal = "FORBIDDEN" if who == OWN and endpoint != "GET /workspaces" else ""
        expect("the bootstrap token", endpoint, bootstrap, personal)
    assert not wrong, "\n".join(wrong)


async def test_an_api_key_may_the_least_of_role_and_scopes(facade: Facade) -> None:
    ours = WORKSPACES[0]
    admin, viewer = await facade.join("admin", ours), await facade.join("viewer", ours, shows=["*"])
    until = "2027-06-01T00:00:00Z"

    async def key(member: Member, *scopes: str) -> str:
        body = {"name": "k", "scopes": scopes, "expiresAt": until}
        made = await facade.data("POST", f"/workspaces/{ours}/api-keys", member.token, json=body)
        return str(made["key"])

    reading = await key(admin, "episodes:read")
    assert (await send(facade, "GET /episodes", reading, ours))[0] == 503
    assert await send(facade, "GET /posts", reading, ours) == (403, "FORBIDDEN")
    assert await send(facade, "POST /episodes", reading, ours) == (403, "FORBIDDEN")
    everything = await key(viewer, "*:*")
    assert (await send(facade, "GET /posts", everything, ours))[0] == 503
    assert await send(facade, "POST /episodes", everything, ours) == (403, "FORBIDDEN")
    # A key cannot widen itself, whatever its scopes.
    widening = await key(admin, "*:*")
    body = {"name": "k", "scopes": ["*:*"], "expiresAt": until}
    await facade.error(403, "POST", f"/workspaces/{ours}/api-keys", widening, json=body)
    await facade.error(403, "GET", "/users/me", widening)
    await facade.error(403, "PUT", "/users/me/password", widening, json={})
    # Nor does it work in a workspace that its owner joins later.
    assert await send(facade, "GET /episodes", widening, WORKSPACES[1]) == (403, "NAMESPACE_NOT_ALLOWED")


async def test_a_key_hands_on_no_more_than_it_has(facade: Facade) -> None:
    ours = WORKSPACES[0]
    admin, member = await facade.join("admin", ours), await facade.join("viewer", ours)

    async def key(*scopes: str) -> str:
        body = {"name": "k", "scopes": scopes, "expiresAt": "2027-06-01T00:00:00Z"}
        return str((await facade.data("POST", f"/workspaces/{ours}/api-keys", admin.token, json=body))["key"])

    invitations, membership = f"/workspaces/{ours}/invitations", f"/workspaces/{ours}/members/{member.id}"
    promoted, invited = {"role": "admin"}, {"email": "eve@example.org", "role": "admin"}
    for token in (await key("members:write"), await key("members:*", "*:read")):
        problem = await facade.error(403, "PUT", membership, token, json=promoted)
        assert "scopes" in problem["message"]
        await facade.error(403, "POST", invitations, token, json=invited)
    await facade.data("POST", invitations, token, json=invited | {"role": "viewer"})
    await facade.data("PUT", membership, await key("*:*"), json=promoted)


async def test_a_key_ends_with_revocation_expiry_and_membership(facade: Facade) -> None:
    ours = WORKSPACES[0]
    admin, member = await facade.join("admin", ours), await facade.join("creator", ours)
    path = f"/workspaces/{ours}/api-keys"
    body = {"name": "k", "scopes": ["episodes:read"], "expiresAt": "2027-06-01T00:00:00Z"}
    first = await facade.data("POST", path, member.token, json=body)
    second = await facade.data("POST", path, member.token, json=body)
    listed = (await facade.data("GET", path, member.token))["items"]
    assert [key["id"] for key in listed] == [first["id"], second["id"]]
    assert all("key" not in key and key["prefix"].startswith("pwk_") for key in listed)
    assert first["key"].startswith(first["prefix"])
    assert (await send(facade, "GET /episodes", first["key"], ours))[0] == 503

    await facade.data("DELETE", f"{path}/{first['id']}", member.token)
    assert (await send(facade, "GET /episodes", first["key"], ours))[0] == 401
    other = await facade.join("viewer", ours)
    await facade.error(404, "DELETE", f"{path}/{second['id']}", other.token)
    await facade.data("DELETE", f"/workspaces/{ours}/members/{member.id}", admin.token)
    assert (await send(facade, "GET /episodes", second["key"], ours))[0] == 401
    # Nor does it come back with them.
    invited = {"email": member.email, "role": "creator"}
    await facade.data("POST", f"/workspaces/{ours}/invitations", admin.token, json=invited)
    token = {"token": facade.postbox.token(member.email)}
    await facade.data("POST", "/users/me/invitations", member.token, json=token)
    assert (await send(facade, "GET /podcasts", member.token, ours))[0] == 503
    assert (await send(facade, "GET /episodes", second["key"], ours))[0] == 401
    for date in ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"):
        await facade.error(422, "POST", path, admin.token, json=body | {"expiresAt": date})
    for scopes in ([], ["episodes"], ["nothing:read"], ["episodes:destroy"]):
        await facade.error(422, "POST", path, admin.token, json=body | {"scopes": scopes})


async def test_a_service_account_works_with_its_key(facade: Facade) -> None:
    ours = WORKSPACES[0]
    accounts, keys = f"/workspaces/{ours}/service-accounts", f"/workspaces/{ours}/api-keys"
    name = {"name": "importer", "role": "collaborator", "shows": ["*"]}
    account = await facade.data("POST", accounts, json=name)
    await facade.error(409, "POST", accounts, json=name)
    body = {"name": "k", "scopes": ["*:*"], "expiresAt": "2027-06-01T00:00:00Z", "serviceAccount": account["id"]}
    key = (await facade.data("POST", keys, json=body))["key"]
    assert (await send(facade, "GET /episodes", key, ours))[0] == 503
    assert await send(facade, "GET /workspaces/{workspace}/members", key, ours) == (403, "FORBIDDEN")
    await facade.error(422, "POST", keys, json={key: value for key, value in body.items() if key != "serviceAccount"})
    await facade.data("DELETE", f"{accounts}/{account['id']}")
    assert (await send(facade, "GET /episodes", key, ours))[0] == 401


async def test_a_membership_names_sponsors_beside_shows(facade: Facade) -> None:
    ours = f"/workspaces/{WORKSPACES[0]}"
    admin = await facade.join("admin")
    given: dict[str, Any] = {"shows": ["bread"], "sponsors": ["acme", "zinc"]}
    viewer = await facade.join("viewer", **given)

    def kept() -> list[str]:
        query = "SELECT shows FROM memberships WHERE person = %s"
        return list(rows(facade.database, query, viewer.id)[0][0])

    async def listed(where: str, id_: str) -> Any:
        found = (await facade.data("GET", f"{ours}/{where}", admin.token))["items"]
        return next({name: one[name] for name in given} for one in found if one["id"] == id_)

    async def own() -> Any:
        me = await facade.data("GET", "/users/me", viewer.token)
        exported = await facade.data("GET", "/users/me/export", viewer.token)
        assert exported["memberships"] == me["memberships"]
        return {name: me["memberships"][0][name] for name in given}

    # A version that knows no sponsors finds a show that does not exist.
    assert kept() == ["bread", "sponsor:acme", "sponsor:zinc"]
    assert await own() == await listed("members", viewer.id) == given
    changed = {"role": "creator", "shows": [], "sponsors": ["acme"]}
    answered = await facade.data("PUT", f"{ours}/members/{viewer.id}", admin.token, json=changed)
    assert {name: answered[name] for name in changed} == changed
    assert kept() == ["sponsor:acme"]

    program = {"name": "billing", "role": "viewer"} | given
    account = await facade.data("POST", f"{ours}/service-accounts", admin.token, json=program)
    invited = {"email": "sponsor@example.org", "role": "viewer"} | given
    invitation = await facade.data("POST", f"{ours}/invitations", admin.token, json=invited)
    for made, where in ((account, "service-accounts"), (invitation, "invitations")):
        assert await listed(where, made["id"]) == {name: made[name] for name in given} == given

    # It is no way to name a show, nor the other way round, and there is none for all of them.
    for wrong in (
        {"shows": ["sponsor:acme"]},
        {"sponsors": ["*"]},
        {"sponsors": ["Acme Shoes"]},
        {"sponsors": ["a:b"]},
    ):
        await facade.error(422, "PUT", f"{ours}/members/{viewer.id}", admin.token, json={"role": "viewer"} | wrong)
    for path in ("/content", "/templates", "/search?q=acme"):
        assert (await facade.data("GET", path, viewer.token))["items"] == []


async def test_the_last_admin_stays(facade: Facade) -> None:
    theirs = WORKSPACES[1]
    members = (await facade.data("GET", f"/workspaces/{theirs}/members"))["items"]
    for member in members:
        answer = await facade.call("DELETE", f"/workspaces/{theirs}/members/{member['id']}")
        assert answer.status_code in (204, 409)
    only, other = await facade.join("admin", theirs), await facade.join("viewer", theirs)
    for left in (await facade.data("GET", f"/workspaces/{theirs}/members"))["items"]:
        if left["role"] == "admin" and left["id"] != only.id:
            await facade.data("DELETE", f"/workspaces/{theirs}/members/{left['id']}")
    path = f"/workspaces/{theirs}/members/{only.id}"
    await facade.error(409, "DELETE", path, only.token)
    await facade.error(409, "PUT", path, only.token, json={"role": "viewer"})
    assert "only admin" in (await facade.error(409, "DELETE", "/users/me", only.token))["message"]
    await facade.data("PUT", f"/workspaces/{theirs}/members/{other.id}", only.token, json={"role": "admin"})
    await facade.data("DELETE", "/users/me", only.token)
    await facade.error(401, "GET", "/users/me", only.token)


@pytest.mark.parametrize("field", ["id", "role", "verified", "isAdmin"])
async def test_unknown_fields_are_refused(facade: Facade, field: str) -> None:
    member = await facade.join("viewer")
    problem = await facade.error(422, "PUT", "/users/me", member.token, json={"name": "X", field: "admin"})
    assert problem["details"]["fields"][0]["field"] == field


async def test_export_and_deletion_of_ones_own_data(facade: Facade) -> None:
    member = await facade.join("creator", shows=["speeches"])
    await facade.data("PUT", "/users/me/preferences", member.token, json={"timeZone": "Europe/Vienna"})
    exported = await facade.data("GET", "/users/me/export", member.token)
    assert exported["person"]["email"] == member.email
    assert exported["person"]["preferences"] == {"timeZone": "Europe/Vienna"}
    assert exported["memberships"][0]["shows"] == ["speeches"]
    assert len(exported["sessions"]) == 1
    assert "hash" not in json.dumps(exported)
    await facade.data("DELETE", "/users/me", member.token)
    await facade.error(401, "POST", "/auth/login", None, json={"email": member.email, "password": "x"})
    members = (await facade.data("GET", "/workspaces/team-a/members"))["items"]
    assert member.id not in {found["id"] for found in members}
