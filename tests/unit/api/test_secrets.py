"""Passwords, sealed values and tokens: what is refused."""

import time

import pytest

from podwright_api.access.secrets import digest, new_api_key, new_recovery_codes, recovery_code_form
from podwright_api.access_tokens import AccessClaims, AccessTokens
from podwright_api.errors import FacadeError
from podwright_api.passwords import Passwords, needs_rehash
from podwright_api.sealing import Sealer, SealError

OLD, NEW = "o" * 40, "n" * 40


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevenchars",
        "password1234",
        "Passw0rd!2026",
        "qwertyuiop123",
        "aaaaaaaaaaaaaaaa",
        "letmein123456",
        "jane.roe@example.org",
        "x" * 257,
    ],
)
async def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(FacadeError) as refused:
        await Passwords().check(password, "password", "jane.roe@example.org", "Jane Roe")
    assert refused.value.fields[0].field == "password"
    assert password not in str(refused.value)


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "mulde-sprotte-22-kiel", "Zw3tschgen&Knödel im Juli"]
)
async def test_good_passwords_are_taken_and_kept_as_argon2id(password: str) -> None:
    passwords = Passwords()
    await passwords.check(password, "password", "jane@example.org")
    kept = await passwords.hash(password)
    assert kept.startswith("$argon2id$")
    assert not needs_rehash(kept)
    assert await passwords.verify(kept, password)
    assert not await passwords.verify(kept, password + " ")
    assert not await passwords.verify(None, password)


def test_a_sealed_value_survives_a_change_of_keys() -> None:
    sealed = Sealer((OLD,)).seal("a secret")
    assert "a secret" not in sealed
    both = Sealer((NEW, OLD))
    assert both.open(sealed) == "a secret"
    resealed = both.reseal(sealed)
    assert both.reseal(resealed) == resealed
    assert Sealer((NEW,)).open(resealed) == "a secret"
    with pytest.raises(SealError):
        Sealer((NEW,)).open(sealed)


def test_fingerprints_tell_equality_under_one_key() -> None:
    assert Sealer((OLD,)).fingerprint(b"x") == Sealer((NEW, OLD)).fingerprint(b"x")
    assert Sealer((OLD,)).fingerprint(b"x") != Sealer((OLD,)).fingerprint(b"y")
    assert Sealer((OLD,)).fingerprint(b"x") != Sealer((NEW,)).fingerprint(b"x")


def test_access_tokens_of_an_older_key_count_until_it_goes() -> None:
    token = AccessTokens((OLD,), 60).issue("person", "session")
    assert AccessTokens((NEW, OLD), 60).read(token) == AccessClaims("person", "session")
    assert AccessTokens((NEW,), 60).read(token) is None


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
        lambda token: "eyJhbGciOiJub25lIn0." + token.split(".")[1] + ".",
        lambda token: ".".join(token.split(".")[:2]),
        lambda _: "a.b.c",
        lambda _: "",
        lambda _: "ü.ü.ü",
        lambda token: token.split(".")[0] + "." + "e30" + "." + token.split(".")[2],
    ],
)
def test_forged_tokens_are_refused(forge: object) -> None:
    tokens = AccessTokens((OLD,), 60)
    assert callable(forge)
    assert tokens.read(forge(tokens.issue("person", "session"))) is None


def test_expired_tokens_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    token = AccessTokens((OLD,), 60).issue("person", "session")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3700)
    assert AccessTokens((OLD,), 60).read(token) is None


def test_random_values() -> None:
    assert new_api_key().startswith("pwk_")
    assert len({new_api_key() for _ in range(100)}) == 100
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    assert recovery_code_form(f" {codes[0].upper()} ") == codes[0]
    assert len(digest("x")) == 64
