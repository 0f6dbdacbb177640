"""A change of keys leaves everybody able to sign in."""

import asyncio
from pathlib import Path

import psycopg
import pyotp
import pytest
from aiosmtpd.controller import Controller

from podwright_api import reseal
from podwright_api.database.migration import migrate
from tests.database import DatabaseServer
from tests.integration.accounts.facade import PASSWORD, running

OLD, NEW = "o" * 40, "n" * 40


async def test_new_keys_in_front_then_reseal_then_the_old_ones_go(
    tmp_path: Path, database_server: DatabaseServer, smtp: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = database_server.database("keys")
    migrate(database.owner, database.application)
    old = {"signing_keys": (OLD,), "encryption_keys": (OLD,)}
    async with running(tmp_path, database, smtp, **old) as facade:
        member = await facade.join("admin")
        secret = (await facade.data("POST", "/auth/mfa/totp", member.token, json={"password": PASSWORD}))["secret"]
        confirmed = {"code": pyotp.TOTP(secret).now()}
        codes = (await facade.data("POST", "/auth/mfa/totp/confirm", member.token, json=confirmed))["recoveryCodes"]

        wanted = {"url": "https://hooks.invalid/x", "events": ["*"]}
        webhook = (await facade.data("POST", "/webhooks", member.token, json=wanted))["id"]

    both = {"signing_keys": (NEW, OLD), "encryption_keys": (NEW, OLD)}
    async with running(tmp_path, database, smtp, **both) as facade:
        # Who is signed in stays so.
        await facade.data("GET", "/users/me", member.token)

    for name, value in (("DATABASE_URL", database.application), ("API_SIGNING_KEYS", NEW)):
        monkeypatch.setenv(f"PODWRIGHT_{name}", value)
    monkeypatch.setenv("PODWRIGHT_API_ENCRYPTION_KEYS", f"{NEW},{OLD}")
    with psycopg.connect(database.admin) as connection:
        before = connection.execute("SELECT totp_secret FROM credentials").fetchone()
    assert await asyncio.to_thread(reseal.main) == 0
    with psycopg.connect(database.admin) as connection:
        after = connection.execute("SELECT totp_secret FROM credentials").fetchone()
    assert before != after

    new = {"signing_keys": (NEW,), "encryption_keys": (NEW,)}
    async with running(tmp_path, database, smtp, **new) as facade:
        await facade.error(401, "GET", "/users/me", member.token)
        again = await facade.sign_in(member.email, code=codes[0])
        tested = await facade.data("POST", f"/webhooks/{webhook}/test", again.token)
        assert "cannot be opened" not in tested["attempts"][0]["message"]
        login = {"email": member.email, "password": PASSWORD, "code": "000000"}
        # The app's secret opens: a wrong code is a wrong code.
        assert (await facade.error(401, "POST", "/auth/login", None, json=login))["code"] == "SIGN_IN_REFUSED"
