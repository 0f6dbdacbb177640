"""Signing in and out, over HTTP, as a stranger would try it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pyotp
import pytest
from aiosmtpd.controller import Controller

from podwright_api.accounts.registration import LETTERS_AN_HOUR
from podwright_api.settings import Registration
from tests.database import DatabaseUrls
from tests.integration.accounts.facade import PASSWORD, Facade, running

WRONG = "not the password at all"


def address() -> str:
    return f"p-{uuid4().hex[:8]}@example.org"


async def test_register_confirm_sign_in(tmp_path: Path, database: DatabaseUrls, smtp: Controller) -> None:
    async with running(tmp_path, database, smtp, registration=Registration.OPEN) as facade:
        email = address()
        person = {"email": email.upper(), "name": "Jane", "password": PASSWORD}
        assert (await facade.data("POST", "/auth/register", None, json=person))["verificationNeeded"] is True
        login = {"email": email, "password": PASSWORD}
        assert "Confirm your address" in (await facade.error(403, "POST", "/auth/login", None, json=login))["message"]

        token = facade.postbox.token(email)
        assert (await facade.call("POST", "/auth/verify-email", None, json={"token": token})).status_code == 204
        again = await facade.error(400, "POST", "/auth/verify-email", None, json={"token": token})
        assert again["code"] == "TOKEN_NOT_VALID"
        me = await facade.data("GET", "/users/me", (await facade.sign_in(email)).token)
        assert (me["email"], me["memberships"]) == (email, [])

        # The same answer for an address that is known; its owner is told by mail.
        letters = len(facade.postbox.letters)
        assert (await facade.data("POST", "/auth/register", None, json=person))["verificationNeeded"] is True
        assert "already" in facade.postbox.letters[letters]["Subject"]


async def test_nobody_writes_to_a_stranger_by_registering_their_address(
    tmp_path: Path, database: DatabaseUrls, smtp: Controller
) -> None:
    async with running(tmp_path, database, smtp, registration=Registration.OPEN) as facade:
        email, name = address(), "You won: https://evil.example.org"
        await registered(facade, email, name, PASSWORD)
        for path in ("/auth/verify-email/resend", "/auth/password/forgot"):
            letters = len(facade.postbox.letters)
            await facade.data("POST", path, None, json={"email": email})
            await facade.postbox.next_to(email, letters)
        told = [letter.as_string() for letter in facade.postbox.letters if letter["To"] == email]
        assert len(told) == 3
        assert all("evil" not in letter for letter in told)


async def registered(facade: Facade, email: str, name: str, password: str) -> str:
    """Register; the token of the link that was mailed for it."""
    person = {"email": email, "name": name, "password": password}
    await facade.data("POST", "/auth/register", None, json=person)
    return facade.postbox.token(email)


@pytest.mark.parametrize("eve_comes_first", [True, False])
async def test_each_link_confirms_its_own_registration(
    tmp_path: Path, database: DatabaseUrls, smtp: Controller, *, eve_comes_first: bool
) -> None:
    """Whoever registers somebody else's address gets nothing by its owner's confirmation, before or after them."""
    async with running(tmp_path, database, smtp, registration=Registration.OPEN) as facade:
        email = address()
        owner, eve = ("Jane", PASSWORD), ("Eve", "eves own long words 9")
        links = {}
        for name, password in (eve, owner) if eve_comes_first else (owner, eve):
            links[name] = await registered(facade, email, name, password)
        await facade.data("POST", "/auth/verify-email", None, json={"token": links["Jane"]})
        # What was mailed for the other one changes nothing any more.
        await facade.call("POST", "/auth/verify-email", None, json={"token": links["Eve"]})
        await facade.error(401, "POST", "/auth/login", None, json={"email": email, "password": eve[1]})
        member = await facade.sign_in(email)
        assert (await facade.data("GET", "/users/me", member.token))["name"] == "Jane"
        assert (await facade.data("GET", "/users/me/export", member.token))["person"]["formerNames"] == []


async def test_a_link_that_was_asked_for_again_brings_nobodys_password(
    tmp_path: Path, database: DatabaseUrls, smtp: Controller
) -> None:
    async with running(tmp_path, database, smtp, registration=Registration.OPEN) as facade:
        once, twice = address(), address()
        for email, names in ((once, ["Jane"]), (twice, ["Jane", "Eve"])):
            for name in names:
                await registered(facade, email, name, PASSWORD if name == "Jane" else WRONG)
            letters = len(facade.postbox.letters)
            await facade.data("POST", "/auth/verify-email/resend", None, json={"email": email})
            await facade.postbox.next_to(email, letters)
            token = facade.postbox.token(email)
            await facade.data("POST", "/auth/verify-email", None, json={"token": token})
        await facade.sign_in(once)
        for password in (PASSWORD, WRONG):
            await facade.error(401, "POST", "/auth/login", None, json={"email": twice, "password": password})


async def test_an_invitation_takes_an_address_that_nobody_confirmed(
    tmp_path: Path, database: DatabaseUrls, smtp: Controller
) -> None:
    async with running(tmp_path, database, smtp, registration=Registration.OPEN) as facade:
        email = address()
        squatted = await registered(facade, email, "Eve", WRONG)
        await facade.data("POST", "/workspaces/team-a/invitations", json={"email": email, "role": "viewer"})
        person = {"email": email, "name": "Jane", "password": PASSWORD, "invitation": facade.postbox.token(email)}
        assert (await facade.data("POST", "/auth/register", None, json=person))["verificationNeeded"] is False
        await facade.call("POST", "/auth/verify-email", None, json={"token": squatted})
        await facade.error(401, "POST", "/auth/login", None, json={"email": email, "password": WRONG})
        me = await facade.data("GET", "/users/me", (await facade.sign_in(email)).token)
        assert (me["name"], [one["role"] for one in me["memberships"]]) == ("Jane", ["viewer"])
        # An address that was confirmed is somebody's.
        await facade.data("POST", "/workspaces/team-b/invitations", json={"email": email, "role": "viewer"})
        again = person | {"invitation": facade.postbox.token(email)}
        assert (await facade.error(409, "POST", "/auth/register", None, json=again))["code"] == "ALREADY_EXISTS"


async def test_registration_by_invitation_only(facade: Facade) -> None:
    person = {"email": address(), "name": "Jane", "password": PASSWORD}
    assert (await facade.error(403, "POST", "/auth/register", None, json=person))["code"] == "FORBIDDEN"
    invited = {"email": person["email"], "role": "creator", "shows": ["speeches"]}
    assert (await facade.data("POST", "/workspaces/team-a/invitations", json=invited))["token"] is None
    token = facade.postbox.token(person["email"])
    stolen = person | {"email": address(), "invitation": token}
    assert (await facade.error(400, "POST", "/auth/register", None, json=stolen))["code"] == "TOKEN_NOT_VALID"
    await facade.data("POST", "/auth/register", None, json=person | {"invitation": token})
    # Nor does an answer tell whoever has no invitation which addresses have an account by now.
    guess = person | {"invitation": "made-up"}
    assert (await facade.error(400, "POST", "/auth/register", None, json=guess))["code"] == "TOKEN_NOT_VALID"
    me = await facade.data("GET", "/users/me", (await facade.sign_in(person["email"])).token)
    role = {"role": "creator", "shows": ["speeches"], "sponsors": [], "grants": []}
    assert me["memberships"] == [{"workspace": "team-a"} | role]


async def test_weak_passwords_are_refused_by_field(facade: Facade) -> None:
    email = address()
    await facade.data("POST", "/workspaces/team-a/invitations", json={"email": email, "role": "viewer"})
    token = facade.postbox.token(email)
    for weak in ("short", "password123456", email):
        person = {"email": email, "name": "Jane", "password": weak, "invitation": token}
        problem = await facade.error(422, "POST", "/auth/register", None, json=person)
        assert problem["details"]["fields"][0]["field"] == "password"
        assert problem["details"]["fields"][0]["hint"]


async def test_the_answer_does_not_tell_whether_an_address_is_known(facade: Facade) -> None:
    known = await facade.join("viewer")
    errors = [
        await facade.error(401, "POST", "/auth/login", None, json={"email": email, "password": WRONG})
        for email in (known.email, address())
    ]
    assert errors[0] == errors[1]
    for email in (known.email, address()):
        assert (await facade.call("POST", "/auth/password/forgot", None, json={"email": email})).status_code == 204


async def test_five_failures_lock_the_address_even_when_tried_at_once(facade: Facade) -> None:
    member = await facade.join("viewer")
    login = {"email": member.email, "password": WRONG}
    answers = await asyncio.gather(*(facade.call("POST", "/auth/login", None, json=login) for _ in range(12)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [401] * 5 + [429] * 7

    right = {"email": member.email, "password": PASSWORD}
    locked = await facade.call("POST", "/auth/login", None, json=right)
    assert (locked.status_code, locked.json()["error"]["code"]) == (429, "SIGN_IN_LOCKED")
    assert 800 < int(locked.headers["retry-after"]) <= 900
    # Who is signed in stays so.
    assert (await facade.data("GET", "/users/me", member.token))["email"] == member.email

    with psycopg.connect(facade.database.admin) as connection:
        connection.execute("UPDATE sign_in_failures SET locked_until = now() WHERE subject = %s", (member.email,))
    await facade.sign_in(member.email)
    # Success begins the count anew.
    for _ in range(4):
        await facade.error(401, "POST", "/auth/login", None, json=login)
    await facade.sign_in(member.email)


async def test_refresh_tokens_rotate_and_a_stolen_one_ends_the_session(facade: Facade) -> None:
    member = await facade.join("viewer")
    first = {"refreshToken": member.refresh_token}
    pair = await facade.data("POST", "/auth/refresh", None, json=first)
    assert pair["refreshToken"] != member.refresh_token
    assert pair["expiresIn"] == 3600
    assert (await facade.data("GET", "/users/me", pair["accessToken"]))["email"] == member.email

    stolen = await facade.error(401, "POST", "/auth/refresh", None, json=first)
    assert stolen["code"] == "SESSION_ENDED"
    for token in (member.token, pair["accessToken"]):
        await facade.error(401, "GET", "/users/me", token)
    await facade.error(401, "POST", "/auth/refresh", None, json={"refreshToken": pair["refreshToken"]})


async def test_a_refresh_token_counts_for_thirty_days(facade: Facade) -> None:
    member = await facade.join("viewer")
    pair = await facade.data("POST", "/auth/refresh", None, json={"refreshToken": member.refresh_token})
    left = datetime.fromisoformat(pair["refreshExpiresAt"]) - datetime.now(UTC)
    assert timedelta(days=30) - timedelta(minutes=5) < left <= timedelta(days=30)
    with psycopg.connect(facade.database.admin) as connection:
        connection.execute(
            "UPDATE refresh_tokens r SET expires_at = now() FROM sessions s WHERE s.id = r.session AND s.person = %s",
            (member.id,),
        )
    ended = await facade.error(401, "POST", "/auth/refresh", None, json={"refreshToken": pair["refreshToken"]})
    assert ended["code"] == "SESSION_ENDED"


async def test_of_two_refreshes_at_once_only_one_gets_a_pair(facade: Facade) -> None:
    member = await facade.join("viewer")
    body = {"refreshToken": member.refresh_token}
    answers = await asyncio.gather(*(facade.call("POST", "/auth/refresh", None, json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_sign_out_here_and_everywhere(facade: Facade) -> None:
    here = await facade.join("viewer")
    there, third = await facade.sign_in(here.email), await facade.sign_in(here.email)
    sessions = (await facade.data("GET", "/users/me/sessions", here.token))["items"]
    assert [session["current"] for session in sessions].count(True) == 1
    assert len(sessions) == 3

    assert (await facade.call("POST", "/auth/logout", here.token)).status_code == 204
    await facade.error(401, "GET", "/users/me", here.token)
    await facade.error(401, "POST", "/auth/refresh", None, json={"refreshToken": here.refresh_token})
    assert (await facade.call("POST", "/auth/logout-all", there.token)).status_code == 204
    for token in (there.token, third.token):
        await facade.error(401, "GET", "/users/me", token)


async def test_a_forgotten_password(facade: Facade) -> None:
    member = await facade.join("viewer")
    for _ in range(6):
        await facade.call("POST", "/auth/login", None, json={"email": member.email, "password": WRONG})
    letters = len(facade.postbox.letters)
    await facade.data("POST", "/auth/password/forgot", None, json={"email": member.email})
    await facade.postbox.next_to(member.email, letters)
    token = facade.postbox.token(member.email)
    weak = {"token": token, "password": "password123456"}
    assert (await facade.error(422, "POST", "/auth/password/reset", None, json=weak))["details"]["fields"]
    new = "ganz neue Schwalbe 77"
    await facade.data("POST", "/auth/password/reset", None, json={"token": token, "password": new})
    await facade.error(400, "POST", "/auth/password/reset", None, json={"token": token, "password": new})
    # Sessions and the lock have ended.
    await facade.error(401, "GET", "/users/me", member.token)
    await facade.sign_in(member.email, password=new)
    assert "changed" in facade.postbox.letters[-1]["Subject"]


async def test_nobody_has_letters_without_end_sent_to_an_address(facade: Facade) -> None:
    member = await facade.join("viewer")

    def subjects() -> list[str]:
        return [letter["Subject"] for letter in facade.postbox.letters if letter["To"] == member.email]

    before = len(subjects())
    for _ in range(LETTERS_AN_HOUR):
        there = len(facade.postbox.letters)
        await facade.data("POST", "/auth/password/forgot", None, json={"email": member.email})
        await facade.postbox.next_to(member.email, there)
    token = facade.postbox.token(member.email)
    for _ in range(3):
        await facade.data("POST", "/auth/password/forgot", None, json={"email": member.email})
    # The last link still counts, and the next letter is the one about the new password.
    await facade.data("POST", "/auth/password/reset", None, json={"token": token, "password": "ganz neue Schwalbe 77"})
    assert len(subjects()) == before + LETTERS_AN_HOUR + 1
    assert "changed" in subjects()[-1]


async def test_changing_the_password_ends_other_sessions(facade: Facade) -> None:
    member = await facade.join("viewer")
    other = await facade.sign_in(member.email)
    change = {"currentPassword": WRONG, "newPassword": "ganz neue Schwalbe 77"}
    await facade.error(422, "PUT", "/users/me/password", member.token, json=change)
    await facade.data("PUT", "/users/me/password", member.token, json=change | {"currentPassword": PASSWORD})
    await facade.data("GET", "/users/me", member.token)
    await facade.error(401, "GET", "/users/me", other.token)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock for codes that can be put forward."""
    ahead = [0.0]
    real = time.time
    monkeypatch.setattr("podwright_api.accounts.second_factor.time.time", lambda: real() + ahead[0])
    return ahead


async def test_a_second_factor(facade: Facade, now: list[float]) -> None:
    member = await facade.join("viewer")
    await facade.error(422, "POST", "/auth/mfa/totp", member.token, json={"password": WRONG})
    enrolment = await facade.data("POST", "/auth/mfa/totp", member.token, json={"password": PASSWORD})
    assert enrolment["otpauth"].startswith("otpauth://totp/Podwright:")
    app = pyotp.TOTP(enrolment["secret"])

    def code() -> str:
        return app.at(time.time())

    # Nothing is asked for until it is confirmed.
    await facade.sign_in(member.email)
    await facade.error(422, "POST", "/auth/mfa/totp/confirm", member.token, json={"code": "000000"})
    codes = (await facade.data("POST", "/auth/mfa/totp/confirm", member.token, json={"code": code()}))["recoveryCodes"]
    assert len(codes) == 10

    login = {"email": member.email, "password": PASSWORD}
    needed = await facade.error(401, "POST", "/auth/login", None, json=login)
    assert needed["code"] == "SECOND_FACTOR_NEEDED"
    # The code that confirmed does not count again; the next one counts once.
    await facade.error(401, "POST", "/auth/login", None, json=login | {"code": code()})
    now[0] += 30
    following = code()
    await facade.sign_in(member.email, code=following)
    await facade.error(401, "POST", "/auth/login", None, json=login | {"code": following})
    # A recovery code counts once.
    await facade.sign_in(member.email, code=codes[0].upper())
    await facade.error(401, "POST", "/auth/login", None, json=login | {"code": codes[0]})

    with psycopg.connect(facade.database.admin) as connection:
        kept = connection.execute("SELECT string_agg(totp_secret, ' ') FROM credentials").fetchone()
        hashes = connection.execute("SELECT string_agg(hash, ' ') FROM recovery_codes").fetchone()
    assert kept
    assert enrolment["secret"] not in kept[0]
    assert hashes
    assert codes[1] not in hashes[0]

    now[0] += 30
    renewed = await facade.data("POST", "/auth/mfa/totp/recovery-codes", member.token, json={"code": code()})
    await facade.error(401, "POST", "/auth/login", None, json=login | {"code": codes[1]})
    disable = {"code": renewed["recoveryCodes"][0]}
    await facade.data("POST", "/auth/mfa/totp/disable", member.token, json=disable)
    await facade.sign_in(member.email)


async def test_guessing_codes_locks_though_the_password_is_right(facade: Facade) -> None:
    member = await facade.join("viewer")
    secret = (await facade.data("POST", "/auth/mfa/totp", member.token, json={"password": PASSWORD}))["secret"]
    await facade.data("POST", "/auth/mfa/totp/confirm", member.token, json={"code": pyotp.TOTP(secret).now()})
    login = {"email": member.email, "password": PASSWORD}
    for _ in range(5):
        # Asking without a code in between does not begin the count anew.
        await facade.error(401, "POST", "/auth/login", None, json=login)
        await facade.error(401, "POST", "/auth/login", None, json=login | {"code": "123456"})
    locked = await facade.error(429, "POST", "/auth/login", None, json=login | {"code": "123456"})
    assert locked["code"] == "SIGN_IN_LOCKED"


async def test_without_a_mail_server_invitations_are_handed_over(tmp_path: Path, database: DatabaseUrls) -> None:
    async with running(tmp_path, database, None) as facade:
        member = await facade.join("viewer")
        for email in (member.email, address()):
            forgot = await facade.error(503, "POST", "/auth/password/forgot", None, json={"email": email})
            assert forgot["code"] == "MAIL_UNAVAILABLE"


async def test_sign_ins_are_in_the_audit_log(facade: Facade) -> None:
    member = await facade.join("viewer")
    await facade.error(401, "POST", "/auth/login", None, json={"email": member.email, "password": WRONG})
    with psycopg.connect(facade.database.admin) as connection:
        found = connection.execute(
            "SELECT entry::jsonb->>'action' FROM audit WHERE workspace = '' AND entry::jsonb->'actor'->>'id' = %s"
            " ORDER BY number",
            (member.id,),
        ).fetchall()
    assert found == [("registered",), ("sign-in",), ("sign-in.refused",)]


async def test_registering_confirming_and_resetting_are_in_it_too(
    tmp_path: Path, database: DatabaseUrls, smtp: Controller
) -> None:
    async with running(tmp_path, database, smtp, registration=Registration.OPEN) as facade:
        email = address()
        await registered(facade, email, "Jane", PASSWORD)
        token = await registered(facade, email, "Jane", PASSWORD)
        await facade.data("POST", "/auth/verify-email", None, json={"token": token})
        await facade.data("POST", "/auth/register", None, json={"email": email, "name": "Eve", "password": WRONG})
        letters = len(facade.postbox.letters)
        await facade.data("POST", "/auth/password/forgot", None, json={"email": email})
        await facade.postbox.next_to(email, letters)
        new = {"token": facade.postbox.token(email), "password": "ganz neue Schwalbe 77"}
        await facade.data("POST", "/auth/password/reset", None, json=new)
        member = await facade.sign_in(email, password=new["password"])
        exported = await facade.data("GET", "/users/me/export", member.token)
    actions = [entry["entry"]["action"] for entry in reversed(exported["audit"])]
    registering = ["registered", "registered.again", "address.confirmed", "registered.again"]
    assert actions == [*registering, "password.reset", "sign-in"]
    assert all(entry["facts"]["actor"]["address"] for entry in exported["audit"])
