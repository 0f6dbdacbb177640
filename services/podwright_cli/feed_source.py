"""Fetching a feed with all of its pages."""

from pathlib import Path

import httpx

from podwright_cli.errors import CliError
from podwright_core.show_import import FeedError, ImportedShow, joined, read_show
from podwright_desk.import_manifests import NOWHERE

#: A feed that is longer is none (bytes); no show has more pages.
LARGEST = 64 << 20
MOST_PAGES = 200
_TIMEOUT_S = 60.0
_AGENT = "Podwright (https://podwright.dev)"


def read_source(source: str) -> ImportedShow:
    """The show at an address or in a file; raises ``CliError``."""
    if not source.lower().startswith(("http://", "https://")):
        return _file(Path(source))
    pages: list[ImportedShow] = []
    seen: set[str] = set()
    address: str | None = source
    with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=True, headers={"User-Agent": _AGENT}) as client:
        while address and address not in seen and len(pages) < MOST_PAGES:
            seen.add(address)
            page = _parsed(_fetched(client, address), address)
            pages.append(page)
            address = page.next_page
    return joined(pages)


def _file(path: Path) -> ImportedShow:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CliError(f"{path} cannot be read ({error.strerror}). Give a file or an http(s):// address.") from error
    show = _parsed(content, f"{NOWHERE}{path.name}")
    if show.next_page:
        raise CliError(f"{path} is one page of a feed that goes on at {show.next_page}: import it by its address.")
    return show


def _parsed(content: bytes, address: str) -> ImportedShow:
    try:
        return read_show(content, address)
    except FeedError as error:
        raise CliError(f"{address} cannot be imported: {error}") from error


def _fetched(client: httpx.Client, address: str) -> bytes:
    content = bytearray()
    try:
        with client.stream("GET", address) as answer:
            if not answer.is_success:
                raise CliError(f"{address} answers HTTP {answer.status_code}: check the address.")
            for part in answer.iter_bytes():
                content += part
                if len(content) > LARGEST:
                    raise CliError(f"{address} is longer than {LARGEST >> 20} MiB: that is no feed.")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CliError(f"{address} cannot be fetched: {error or type(error).__name__}") from error
    return bytes(content)
