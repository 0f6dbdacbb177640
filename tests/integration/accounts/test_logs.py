"""What a whole session leaves in the log: who did what by id, and no secret, no token, no address of a person."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pyotp
import pytest
from aiosmtpd.controller import Controller

from podwright_api.logs import JsonFormatter
from podwright_api.settings import MailSettings
from tests.control_plane import free_ports
from tests.database import DatabaseUrls
from tests.integration.accounts.facade import PASSWORD, TOKEN, WORKSPACES, running

OURS = WORKSPACES[0]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that this process logs, as the facade writes it, whatever the level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    # The tests' own mail server repeats letters.
    handler.addFilter(lambda record: not record.name.startswith("mail."))
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(before)
    root.removeHandler(handler)


async def test_a_session_leaves_no_secret_in_the_log(
    tmp_path: Path, database: DatabaseUrls, smtp: Controller, log: io.StringIO
) -> None:
    async with running(tmp_path, database, smtp) as facade:
        member = await facade.join("admin")
        wrong = f"not-the-password-{uuid4().hex}"
        await facade.error(401, "POST", "/auth/login", None, json={"email": member.email, "password": wrong})
        await facade.error(401, "GET", "/users/me", f"no-token-{wrong}")
        totp = await facade.data("POST", "/auth/mfa/totp", member.token, json={"password": PASSWORD})
        code = {"code": pyotp.TOTP(totp["secret"]).now()}
        codes = (await facade.data("POST", "/auth/mfa/totp/confirm", member.token, json=code))["recoveryCodes"]
        again = await facade.sign_in(member.email, code=codes[0])
        pair = await facade.data("POST", "/auth/refresh", None, json={"refreshToken": again.refresh_token})
        # Used twice: that is told, without the token.
        await facade.error(401, "POST", "/auth/refresh", None, json={"refreshToken": again.refresh_token})
        key = {"name": "k", "scopes": ["*:read"], "expiresAt": "2027-06-01T00:00:00Z"}
        made = await facade.data("POST", f"/workspaces/{OURS}/api-keys", member.token, json=key)
        await facade.call("GET", "/episodes", made["key"])
        guest = f"guest-{uuid4().hex[:8]}@example.org"
        invited = {"email": guest, "role": "viewer"}
        await facade.data("POST", f"/workspaces/{OURS}/invitations", member.token, json=invited)
        invitation = facade.postbox.token(guest)
        await facade.data("POST", "/auth/password/forgot", None, json={"email": member.email})
        hook = {"url": "https://hooks.example.org/x?token=in-the-address", "events": ["*"]}
        secret = (await facade.data("POST", "/webhooks", member.token, json=hook))["secret"]
        await facade.error(422, "PUT", "/users/me", member.token, json={"name": "", "email": guest})
        await facade.data("GET", "/users/me/export", member.token)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    asked = [line for line in lines if line.get("path") == "/api/v1/webhooks"]
    assert [(line["user"], line["tenant"], line["status"]) for line in asked] == [(f"person:{member.id}", OURS, 201)]
    assert all(line["requestId"] for line in asked)
    assert any("used twice" in line["message"] for line in lines)
    hidden = {TOKEN, PASSWORD, wrong, totp["secret"], *codes, member.token, member.refresh_token, again.token}
    hidden |= {pair["accessToken"], pair["refreshToken"], made["key"], invitation, secret, "in-the-address"}
    hidden |= {member.email, guest, "signing" * 8, "sealing" * 8}
    assert [one for one in hidden if one in log.getvalue()] == []


async def test_letters_that_cannot_be_sent_are_told_without_the_address(
    tmp_path: Path, database: DatabaseUrls, smtp: Controller, log: io.StringIO
) -> None:
    nobody = MailSettings("127.0.0.1", "podwright@example.org", free_ports(1)[0])
    (tmp_path / "with").mkdir()
    async with running(tmp_path / "with", database, smtp) as facade:
        member = await facade.join("admin")
    async with running(tmp_path, database, None, mail=nobody) as facade:
        await facade.data("POST", "/auth/password/forgot", None, json={"email": member.email})
    told = [line for line in log.getvalue().splitlines() if "a letter was not sent" in line]
    assert len(told) == 1
    assert member.email not in log.getvalue()
