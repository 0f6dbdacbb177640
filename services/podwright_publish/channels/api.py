"""What channels over a platform's HTTP API share: requests, and what each failure says about the post.

Everything before the request that makes the post public is preparation: where it fails, the platform certainly does not
have the post. The request itself is the commit: silence or an error of the server leaves a doubt.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from podwright_core.media_rules import LARGEST_FILE, MEDIA_RULES, media_problem
from podwright_crds.channel import ChannelSpec
from podwright_publish.answers import (
    Answer,
    Confirmed,
    Count,
    Counted,
    CredentialsRefused,
    Finding,
    NotTaken,
    Refused,
    Renewal,
    Renewed,
    Unclear,
)
from podwright_publish.channels.exchange import NoReplyError, NotSentError, Reply, exchange
from podwright_publish.channels.matching import same_text
from podwright_publish.channels.oauth import renewed
from podwright_publish.channels.quota import quota_wait, wait_asked
from podwright_publish.message import Media, Message
from podwright_publish.ports import MediaFile, MediaSource, MediaUnavailableError
from podwright_publish.validation import message_problems

log = logging.getLogger(__name__)

USER_AGENT = "podwright-publish"
_ANSWER_LIMIT = 4 * 1024 * 1024
_SECONDS = 30
_NONE_TOLD = Refused("The platform tells no numbers of the post.")
#: What reading an answer of another form than documented ends in.
_ODD = (LookupError, TypeError, ValueError, AttributeError)
#: Too early, too many, not in time, locked.
_LATER = frozenset({408, 423, 425, 429})


class Stopped(Exception):  # noqa: N818  (an outcome, not an error)
    """Publishing ends here, with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.message)
        self.answer = answer


@dataclass(frozen=True)
class ApiReply:
    """A successful answer."""

    reply: Reply
    #: The account has nothing left for this long.
    rest: timedelta | None = None

    @property
    def headers(self) -> httpx.Headers:
        return self.reply.headers

    def json(self) -> Any:
        """The body; None where it is not JSON."""
        return self.reply.json()

    def field(self, *path: str) -> Any:
        """What stands at a path of objects; None where something of it is missing."""
        return self.reply.field(*path)

    def items(self, *path: str) -> list[dict[str, Any]]:
        """The list of objects at a path; raises ``Stopped``: a list that is not there is no empty one."""
        found = self.field(*path)
        if isinstance(found, list) and all(isinstance(each, dict) for each in found):
            return found
        raise Stopped(Unclear("The platform's answer has no list where its documentation has one.", outage=False))


def number(*values: Any) -> int | None:
    """The sum of what a platform counts, written as numbers or text; ``None`` where it says nothing."""
    counts = [int(value) for value in values if isinstance(value, int) or (isinstance(value, str) and value.isdigit())]
    return sum(counts) if counts else None


class HttpPlatform(ABC):
    """A channel over HTTP; subclasses write ``_publish``, ``_find`` and ``_delete`` and raise ``Stopped``."""

    def __init__(
        self,
        spec: ChannelSpec,
        credentials: Mapping[str, str],
        media: MediaSource,
        transport: httpx.AsyncBaseTransport | None = None,
    ):
        self._spec = spec
        self._credentials = dict(credentials)
        self._media = media
        #: The first of a thread that is being sent, once it is out.
        self._begun: Confirmed | None = None
        #: See ``Preparing``.
        self.committed = False
        #: Whether that request was answered with success.
        self._taken = False
        # A connection that is kept may be closed by the other side just when it is used again: a doubt for nothing.
        fresh = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.AsyncClient(
            timeout=_SECONDS, transport=transport, headers={"user-agent": USER_AGENT}, limits=fresh
        )

    def validate(self, message: Message) -> list[str]:
        return message_problems(self._spec, message)

    async def publish(self, message: Message) -> Answer:
        self._begun, self.committed, self._taken = None, False, False
        try:
            with _readable():
                answer = await self._publish(message)
        except Stopped as stopped:
            return self._broken_off(stopped.answer)
        if message.first_comment is None or not isinstance(answer, Confirmed):
            return answer
        return await self._with_comment(message.first_comment, answer, again=message.since is not None)

    def _broken_off(self, answer: Answer) -> Answer:
        """What ended an attempt: what may be out is never sent anew, neither later nor with renewed credentials."""
        match answer:
            case NotTaken() | Refused() if self._begun is not None:
                return replace(answer, begun=self._begun)
            case CredentialsRefused(message=said) if self._begun is not None:
                return NotTaken(said, begun=self._begun)
            case NotTaken(said, wait, outage) if self._taken:
                return Unclear(said, wait, outage)
            case Refused(message=said) | CredentialsRefused(message=said) if self._taken:
                return Unclear(said, outage=False)
            case Unclear(said, wait, outage, lasting=False) if not self.committed:
                return NotTaken(said, wait, outage)
            case _:
                return answer

    async def find(self, message: Message) -> Finding:
        try:
            with _readable():
                found = await self._find(message)
                if message.first_comment is None or not isinstance(found, Confirmed):
                    return found
                if await self._has_comment(message.first_comment, found):
                    return found
        except Stopped as stopped:
            return _unreadable(stopped.answer)
        return NotTaken("It is there, its first comment is not.", begun=found)

    async def _with_comment(self, text: str, out: Confirmed, *, again: bool) -> Answer:
        """The post is ``out``. A comment that is refused does not make it a failure."""
        try:
            with _readable():
                if not (again and await self._has_comment(text, out)):
                    await self._comment(out.platform_id or "", text)
        except Stopped as stopped:
            match stopped.answer:
                case Refused(message=said) | CredentialsRefused(message=said):
                    return replace(out, message=f"{out.message} Its first comment was refused: {said}".strip())
                case NotTaken() as answer:
                    return replace(answer, begun=out)
                case answer:
                    return answer
        return out

    async def _has_comment(self, text: str, out: Confirmed) -> bool:
        return any(same_text(text, there) for there in await self._comments(out.platform_id or ""))

    async def delete(self, platform_id: str) -> Answer:
        try:
            return await self._delete(platform_id)
        except Stopped as stopped:
            return stopped.answer

    async def measure(self, platform_id: str) -> Count:
        try:
            with _readable():
                count = await self._measure(platform_id)
        except Stopped as stopped:
            match stopped.answer:
                case CredentialsRefused(message=said, missing_scope=True):
                    return Refused(said)  # a permission to read numbers: posts go out without it
                case Confirmed(message=said):
                    return Unclear(said)
                case answer:
                    return answer
        return _NONE_TOLD if count == Counted() else count

    async def refresh(self) -> Renewal:
        try:
            with _readable():
                return await self._refresh()
        except Stopped as stopped:
            match stopped.answer:
                case NotTaken(said, wait, outage) | Unclear(said, wait, outage):
                    return NotTaken(said, wait, outage)
                case answer:
                    return CredentialsRefused(answer.message)

    async def close(self) -> None:
        await self._client.aclose()

    @abstractmethod
    async def _publish(self, message: Message) -> Answer: ...

    @abstractmethod
    async def _find(self, message: Message) -> Finding: ...

    @abstractmethod
    async def _delete(self, platform_id: str) -> Answer: ...

    async def _comment(self, platform_id: str, text: str) -> None:
        """Comment under one's own post."""
        del platform_id, text
        raise Stopped(Refused("The channel has no comments under one's own posts."))

    async def _comments(self, platform_id: str) -> list[str]:
        """The texts of the newest comments under a post."""
        del platform_id
        return []

    async def _measure(self, platform_id: str) -> Count:
        del platform_id
        return Counted()

    async def _refresh(self) -> Renewal:
        return CredentialsRefused("The credentials cannot be renewed: replace them in the channel's Secret.")

    async def _renewed_by_oauth(self, url: str, *, app_in_header: bool, id_key: str = "client_id") -> Renewal:
        """New tokens from the refresh token; the app tells who it is in a header or in the form."""
        values = self._credentials
        if not values.get("refreshToken") or not values.get("clientId"):
            return await HttpPlatform._refresh(self)
        form = {"grant_type": "refresh_token", "refresh_token": values["refreshToken"], id_key: values["clientId"]}
        secret = values.get("clientSecret")
        auth: dict[str, Any] = {}
        if secret and app_in_header:
            auth["auth"] = (values["clientId"], secret)
        elif secret:
            form["client_secret"] = secret
        return self._kept((await self._ask("POST", url, authorized=False, data=form, **auth)).json())

    def _kept(self, tokens: Any) -> Renewal:
        renewal = renewed(tokens)
        if isinstance(renewal, Renewed):
            self._credentials.update(renewal.values)
        return renewal

    def _authorization(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self._credentials.get('accessToken', '')}"}

    async def _ask(
        self,
        method: str,
        url: str,
        *,
        commit: bool = False,
        seconds: float = _SECONDS,
        authorized: bool = True,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> ApiReply:
        """One request; raises ``Stopped`` unless it is answered with success."""
        own = {**(self._authorization() if authorized else {}), **(headers or {})}
        auth = httpx.BasicAuth(*content.pop("auth")) if "auth" in content else None
        request = self._client.build_request(method, url, headers=own, **content)
        if auth is not None:
            request = next(auth.auth_flow(request))
        self.committed = self.committed or commit
        try:
            async with asyncio.timeout(seconds):
                reply = await exchange(self._client, request, _ANSWER_LIMIT)
        except NotSentError as error:
            raise Stopped(NotTaken(f"The platform could not be reached ({error}).", outage=True)) from None
        except NoReplyError as error:
            raise Stopped(_silence(f"No answer came from the platform ({error}).", commit=commit)) from None
        except TimeoutError:
            told = f"No answer came from the platform within {seconds:.0f} s."
            raise Stopped(_silence(told, commit=commit)) from None
        now = datetime.now(UTC)
        if 200 <= reply.status < 300:
            self._taken = self._taken or commit
            return ApiReply(reply, quota_wait(reply.headers, now))
        raise Stopped(self._failure(reply, now, commit=commit))

    def _failure(self, reply: Reply, now: datetime, *, commit: bool) -> Answer:
        """What an answer that is no success says about the post."""
        said = reply.excerpt()
        if self._lacks_scope(reply):
            return self._without_scope(said)
        if reply.status == httpx.codes.UNAUTHORIZED:
            return CredentialsRefused(said)
        if reply.status in _LATER:
            return NotTaken(said, wait_asked(reply.headers, now))
        if reply.status >= 500:
            # The platform may have kept the post before it failed.
            wait = wait_asked(reply.headers, now)
            return Unclear(said, wait) if commit else NotTaken(said, wait, outage=True)
        return Refused(said, reply.status)

    def _lacks_scope(self, reply: Reply) -> bool:
        """Whether the platform says that the token was not given what the request needs."""
        del reply
        return False

    def _without_scope(self, said: str) -> CredentialsRefused:
        cure = f"Connect the account with the permissions that docs/channels/{self._spec.type.value}.md names"
        return CredentialsRefused(f"{said} {cure}", missing_scope=True)

    def _unset(self) -> Stopped:
        """The settings of the channel's type are not there."""
        return Stopped(Refused(f"Set spec.{self._spec.type.value} of the channel."))

    async def _file(self, media: Media) -> MediaFile:
        """A file of the post, within the platform's rules."""
        kind = self._spec.type.value
        largest = min(max(MEDIA_RULES[kind].sizes.values(), default=0), LARGEST_FILE)
        try:
            file = await self._media.fetch(media.url, largest)
        except MediaUnavailableError as error:
            message = f"{media.url}: {error}"
            raise Stopped(Refused(message) if error.lasting else NotTaken(message)) from None
        if problem := media_problem(kind, file.content_type, len(file.content)):
            raise Stopped(Refused(f"{media.url}: {problem}"))
        return file

    def _required(self, value: Any, what: str, *, commit: bool = False) -> str:
        """A value that a successful answer has to hold."""
        if isinstance(value, str | int) and str(value):
            return str(value)
        message = f"The platform's answer has no {what}."
        raise Stopped(Unclear(message, outage=False) if commit else NotTaken(message))


@contextmanager
def _readable() -> Iterator[None]:
    """Raises ``Stopped`` where an answer has another form than documented."""
    try:
        yield
    except _ODD as error:
        log.exception("an answer of the platform could not be read")
        message = f"The platform's answer has another form than documented ({type(error).__name__})."
        raise Stopped(Unclear(message, outage=False)) from None


def _silence(message: str, *, commit: bool) -> Answer:
    return Unclear(message) if commit else NotTaken(message, outage=True)


def _unreadable(answer: Answer) -> Finding:
    """Not having read is no finding."""
    match answer:
        case NotTaken(message, wait, outage):
            return Unclear(message, wait, outage)
        case Refused(message=message) | CredentialsRefused(message=message, missing_scope=True):
            return Unclear(message, outage=False, lasting=True)
        case Unclear() | Confirmed() | CredentialsRefused():
            return answer
