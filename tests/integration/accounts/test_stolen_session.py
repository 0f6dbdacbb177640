"""What whoever holds another one's session, and not their password, can try."""

import pyotp

from tests.integration.accounts.facade import PASSWORD, Facade

WRONG = "not the password at all"


async def test_a_stolen_session_has_few_guesses(facade: Facade) -> None:
    member = await facade.join("viewer")
    change = {"currentPassword": WRONG, "newPassword": "ganz neue Schwalbe 77"}
    for number in range(5):
        if number % 2:
            await facade.error(422, "PUT", "/users/me/password", member.token, json=change)
        else:
            await facade.error(422, "POST", "/auth/mfa/totp", member.token, json={"password": WRONG})
    right = change | {"currentPassword": PASSWORD}
    locked = await facade.error(429, "PUT", "/users/me/password", member.token, json=right)
    assert locked["code"] == "SIGN_IN_LOCKED"
    # Its owner signs in as ever, and a new password by mail ends the lock.
    await facade.sign_in(member.email)
    letters = len(facade.postbox.letters)
    await facade.data("POST", "/auth/password/forgot", None, json={"email": member.email})
    await facade.postbox.next_to(member.email, letters)
    new = {"token": facade.postbox.token(member.email), "password": "ganz neue Schwalbe 77"}
    await facade.data("POST", "/auth/password/reset", None, json=new)
    again = await facade.sign_in(member.email, password=new["password"])
    body = {"password": new["password"]}
    secret = (await facade.data("POST", "/auth/mfa/totp", again.token, json=body))["secret"]
    code = {"code": pyotp.TOTP(secret).now()}
    codes = (await facade.data("POST", "/auth/mfa/totp/confirm", again.token, json=code))["recoveryCodes"]
    for _ in range(5):
        await facade.error(422, "POST", "/auth/mfa/totp/disable", again.token, json={"code": "guessed"})
    for path in ("disable", "recovery-codes"):
        await facade.error(429, "POST", f"/auth/mfa/totp/{path}", again.token, json={"code": codes[0]})
