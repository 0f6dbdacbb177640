"""What is written to people by mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

#: Notifications that a letter lists; the others are counted.
_LISTED = 20


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str


def verify_address(public_url: str, token: str) -> Letter:
    """Without the name that was registered: anybody may register any address, and would write to its owner by it."""
    return Letter(
        "Confirm your address for Podwright",
        "Hello,\n\nconfirm that this address is yours by opening this page within a day:\n\n"
        f"  {public_url}/verify-email?token={quote(token)}\n\n"
        "If you did not register with Podwright just now, do nothing: the account would be that of whoever did.\n",
    )


def known_already(public_url: str, name: str) -> Letter:
    return Letter(
        "You have a Podwright account already",
        f"Hello {name},\n\nsomebody, perhaps you, tried to register this address with Podwright, which knows it "
        f"already.\nSign in at {public_url}/login, or ask for a new password there.\n",
    )


def reset_password(public_url: str, token: str) -> Letter:
    """Without a name, for the same reason."""
    return Letter(
        "A new password for Podwright",
        "Hello,\n\nchoose a new password by opening this page within an hour:\n\n"
        f"  {public_url}/reset-password?token={quote(token)}\n\n"
        "If you did not ask for it, do nothing: your password stays as it is.\n",
    )


def password_changed(name: str) -> Letter:
    return Letter(
        "Your Podwright password was changed",
        f"Hello {name},\n\nyour password was changed, and all other sessions have ended.\n"
        "If that was not you, ask for a new password at once and tell your administrator.\n",
    )


def invitation(public_url: str, workspace: str, token: str) -> Letter:
    return Letter(
        f"You are invited to {workspace} on Podwright",
        f"Hello,\n\nyou are invited to work in {workspace} on Podwright. Accept within a week by opening this page:\n\n"
        f"  {public_url}/accept-invitation?token={quote(token)}\n",
    )


def notifications(public_url: str, name: str, workspace: str, lines: Sequence[str], unsubscribe: str) -> Letter:
    """What happened in a workspace, one line for each, the first lines in full."""
    first = " ".join(lines[0].split())
    subject = first if len(lines) == 1 else f"{first} (and {len(lines) - 1} more)"
    listed = "".join(f"  - {line}\n" for line in lines[:_LISTED])
    more = f"  and {len(lines) - _LISTED} more\n" if len(lines) > _LISTED else ""
    return Letter(
        f"[{workspace}] {subject}"[:200],
        f"Hello {name},\n\nin the workspace {workspace} of Podwright:\n\n{listed}{more}\n"
        f"All of it: {public_url}/notifications\nWhat is mailed to you: {public_url}/preferences\n\n"
        f"No more of these letters: {unsubscribe}\n",
    )
