"""What requests and answers about people and workspaces consist of."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from podwright_api.access.roles import SCOPE, Grant, Membership, Role
from podwright_api.envelope import Answer, Items, Wire
from podwright_api.event_types import EventType
from podwright_api.mail_choices import MailChoice
from podwright_crds.campaign import SponsorName
from podwright_crds.resource import ObjectName

#: One '@' with something before it and a dotted name after it; whether mail arrives only mail can tell.
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=254,
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$",
    ),
]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]*$")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Show = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z0-9]([-a-z0-9.]*[a-z0-9])?)$", max_length=253)]
Scope = Annotated[str, StringConstraints(pattern=f"^{SCOPE.pattern}$", max_length=60)]

ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
MailedType = Annotated[str, StringConstraints(pattern=rf"^(\*|{'|'.join(EventType).replace('.', chr(92) + '.')})$")]


class RegisterRequest(Wire):
    email: Email = Field(description="Address to sign in with.", examples=["jane@example.org"])
    name: Name = Field(description="Name, as others see it.", examples=["Jane Roe"])
    password: Password = Field(description="At least 12 characters, and none that are guessed early.")
    invitation: Token | None = Field(default=None, description="Token from an invitation, where one is needed.")


class RegisteredView(Wire):
    verification_needed: bool = Field(description="Whether the address has to be confirmed by the link mailed to it.")


class TokenRequest(Wire):
    token: Token = Field(description="Token from the mail.")


class EmailRequest(Wire):
    email: Email = Field(description="Address of the account.")


class LoginRequest(Wire):
    email: Email = Field(description="Address of the account.")
    password: Password = Field(description="Its password.")
    code: Code | None = Field(
        default=None, description="Six digits of the second factor, or a recovery code, where one is set up."
    )


class TokenPairView(Wire):
    token_type: Literal["Bearer"] = Field(description="How to send the access token: 'Authorization: Bearer TOKEN'.")
    access_token: str = Field(description="Goes with every request.")
    expires_in: int = Field(description="Seconds for which the access token counts.")
    refresh_token: str = Field(description="Gets the next pair of tokens, once; keep it secret.")
    refresh_expires_at: datetime = Field(description="Until when the refresh token counts.")


class RefreshRequest(Wire):
    refresh_token: Token = Field(description="The refresh token of the last pair.")


class LinkRequest(Wire):
    code: Token = Field(description="code from the console's page /signed-in.")
    verifier: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~-]{43,128}$")] = Field(
        description="The verifier whose challenge went along when it began."
    )


class OidcTokenRequest(LinkRequest):
    second_factor: Code | None = Field(
        default=None, description="Six digits of your second factor here, or a recovery code, where one is set up."
    )
    invitation: Token | None = Field(default=None, description="Token from an invitation, where the account is new.")


class ProviderView(Wire):
    name: str = Field(description="In the path /auth/oidc/{provider}.")
    title: str = Field(description="As people know it.")


class IdentityView(Wire):
    provider: str = Field(description="Name of the provider.")


class ResetRequest(Wire):
    token: Token = Field(description="Token from the mail.")
    password: Password = Field(description="The new password.")


class ChangePasswordRequest(Wire):
    current_password: Password = Field(description="The password until now.")
    new_password: Password = Field(description="The new password.")


class EnrolRequest(Wire):
    password: Password = Field(description="Your password, once more.")


class EnrolmentView(Wire):
    secret: str = Field(description="For apps that take the secret as text.")
    otpauth: str = Field(description="otpauth:// address, to show as a QR code.")


class CodeRequest(Wire):
    code: Code = Field(description="Six digits that the app shows now, or a recovery code.")


class RecoveryCodesView(Wire):
    recovery_codes: list[str] = Field(description="Codes that each replace the app once; shown this once.")


class MembershipView(Wire):
    workspace: str = Field(description="The workspace: its namespace.")
    role: Role
    shows: list[str] = Field(description="Shows that the role counts for; '*' is all. An admin's counts for all.")
    sponsors: list[str] = Field(description="Sponsors whose campaigns, and their posts, the role counts for as well.")
    grants: list[Grant] = Field(description="What was granted beside the role.")


class MeView(Wire):
    id: str
    email: str
    name: str
    second_factor: bool = Field(description="Whether a second factor is set up.")
    created_at: datetime
    memberships: list[MembershipView] = Field(description="Workspaces that you belong to.")


class MeChange(Wire):
    name: Name = Field(description="Name, as others see it.")


class PersonView(Wire):
    id: str
    email: str
    name: str


class QuietHours(Wire):
    """Hours of the day in the person's time zone; they may go over midnight."""

    from_: ClockTime = Field(alias="from", description="When they begin: 22:00.")
    until: ClockTime = Field(description="When they end: 07:00.")


class Preferences(Wire):
    """How the console and mail should be; unset means the product's default."""

    language: str | None = Field(default=None, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)
    time_zone: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", max_length=64)
    theme: Literal["light", "dark", "system"] | None = None
    mail: dict[MailedType, MailChoice] = Field(
        default_factory=dict,
        description="When events are mailed, by type ('*': those that are not named): now, digest or never. Unset: "
        "what a person must act on at once, unless they can only read.",
        max_length=50,
    )
    digest_at: ClockTime | None = Field(
        default=None, description="When the digest comes, in timeZone; by default 08:00."
    )
    quiet: QuietHours | None = Field(
        default=None, description="When nothing is mailed at once; it waits until the end."
    )


class SessionView(Wire):
    id: str
    current: bool = Field(description="Whether it is the one that asks.")
    created_at: datetime
    last_used_at: datetime = Field(description="When its tokens were last renewed.")
    expires_at: datetime
    agent: str = Field(description="User-Agent of the sign-in.")
    address: str = Field(description="Where the sign-in came from.")


class WorkspaceView(Wire):
    id: str = Field(description="The workspace: its namespace.")
    name: str
    role: Role = Field(description="What you are in it.")
    created_at: datetime


class WorkspaceChange(Wire):
    name: Name


class MembershipSpec(Wire):
    role: Role = Field(description="admin, creator, collaborator or viewer.")
    shows: list[Show] = Field(
        default_factory=list, max_length=1000, description="Names of the shows that the role counts for; '*' is all."
    )
    sponsors: list[SponsorName] = Field(
        default_factory=list,
        max_length=1000,
        description="Names of sponsors whose campaigns (spec.sponsor), and their posts, the role counts for as well.",
    )
    grants: list[Grant] = Field(
        default_factory=list, max_length=10, description="'publish' lets a collaborator approve and schedule."
    )

    def membership(self) -> Membership:
        return Membership(self.role, frozenset(self.shows), frozenset(self.grants), frozenset(self.sponsors))


class MemberView(Wire):
    id: str = Field(description="Id of the person.")
    email: str
    name: str
    role: Role
    shows: list[str]
    sponsors: list[str]
    grants: list[Grant]
    created_at: datetime = Field(description="When they joined.")


class InvitationCreate(MembershipSpec):
    email: Email = Field(description="Whom to invite.")


class InvitationView(Wire):
    id: str
    email: str
    role: Role
    shows: list[str]
    sponsors: list[str]
    grants: list[Grant]
    expires_at: datetime
    created_at: datetime
    token: str | None = Field(
        default=None,
        description="To hand over, where the facade sends no mail; shown this once, and only to who invited.",
    )


class JoinedView(Wire):
    workspace: str


class ServiceAccountCreate(MembershipSpec):
    name: ObjectName = Field(description="Name, for people.", examples=["importer"])


class ServiceAccountView(Wire):
    id: str
    name: str
    role: Role
    shows: list[str]
    sponsors: list[str]
    grants: list[Grant]
    created_at: datetime


class ApiKeyCreate(Wire):
    name: Name = Field(description="What the key is for.")
    scopes: list[Scope] = Field(
        min_length=1,
        max_length=50,
        description="What the key may do of what its owner may: 'episodes:read', 'posts:*', '*:read'.",
    )
    expires_at: AwareDatetime = Field(description="Until when it counts (RFC 3339); at most a year from now.")
    service_account: str | None = Field(
        default=None,
        description="Id of the service account that it is for; by default it is yours.",
        pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    )


class ApiKeyView(Wire):
    id: str
    name: str
    prefix: str = Field(description="Its first characters, to tell it by.")
    scopes: list[str]
    person: str | None = Field(description="Whose it is, where it is a person's.")
    service_account: str | None = Field(description="Whose it is, where it is a service account's.")
    expires_at: datetime
    last_used_at: datetime | None = Field(description="To the minute; null until it is used.")
    created_at: datetime
    key: str | None = Field(default=None, description="The key itself; shown this once.")


class RegisteredAnswer(Answer[RegisteredView]):
    pass


class TokenPairAnswer(Answer[TokenPairView]):
    pass


class ProvidersAnswer(Answer[Items[ProviderView]]):
    pass


class IdentitiesAnswer(Answer[Items[IdentityView]]):
    pass


class EnrolmentAnswer(Answer[EnrolmentView]):
    pass


class RecoveryCodesAnswer(Answer[RecoveryCodesView]):
    pass


class MeAnswer(Answer[MeView]):
    pass


class PersonAnswer(Answer[PersonView]):
    pass


class PreferencesAnswer(Answer[Preferences]):
    pass


class SessionsAnswer(Answer[Items[SessionView]]):
    pass


class WorkspaceAnswer(Answer[WorkspaceView]):
    pass


class WorkspacesAnswer(Answer[Items[WorkspaceView]]):
    pass


class MemberAnswer(Answer[MemberView]):
    pass


class MembersAnswer(Answer[Items[MemberView]]):
    pass


class InvitationAnswer(Answer[InvitationView]):
    pass


class InvitationsAnswer(Answer[Items[InvitationView]]):
    pass


class JoinedAnswer(Answer[JoinedView]):
    pass


class ServiceAccountAnswer(Answer[ServiceAccountView]):
    pass


class ServiceAccountsAnswer(Answer[Items[ServiceAccountView]]):
    pass


class ApiKeyAnswer(Answer[ApiKeyView]):
    pass


class ApiKeysAnswer(Answer[Items[ApiKeyView]]):
    pass
