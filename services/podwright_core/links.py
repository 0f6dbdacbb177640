"""Links that tell where a listener came from."""

import hashlib
import html
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def link_with_utm(link: str, *, source: str, medium: str, campaign: str, content: str | None = None) -> str:
    """The link with its UTM parameters; others stay as they are, UTM parameters that it already has win.

    A link that is no address (``https://[your site]/``) stays as it is: the channel refuses it in words.
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return link
    query = parse_qsl(parts.query, keep_blank_values=True)
    present = {name for name, _ in query}
    wanted = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign, "utm_content": content}
    query += [(name, value) for name, value in wanted.items() if value and name not in present]
    return urlunsplit(parts._replace(query=urlencode(query)))


#: Letters and digits that nobody confuses when they are read out.
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_CODE_LENGTH = 8


def short_link(base: str, *identity: str) -> str:
    """An address below ``base`` of one's own: 8 letters, the same for the same identity (40 bits of its digest)."""
    value = int.from_bytes(hashlib.sha256("/".join(identity).encode()).digest()[:8])
    code = []
    for _ in range(_CODE_LENGTH):
        value, place = divmod(value, len(_LETTERS))
        code.append(_LETTERS[place])
    return f"{base.rstrip('/')}/{''.join(code)}"


def short_code(link: str) -> str:
    """The last part of a short link; empty where it is no address."""
    try:
        return urlsplit(link).path.rstrip("/").rpartition("/")[2]
    except ValueError:
        return ""


def redirect_page(target: str) -> str:
    """A page that leads on at once, for storage that serves files alone; crawlers read where to."""
    address = html.escape(target, quote=True)
    return (
        '<!doctype html><html><head><meta charset="utf-8"><meta name="robots" content="noindex">'
        f'<meta http-equiv="refresh" content="0;url={address}"><link rel="canonical" href="{address}">'
        f'<title>{address}</title></head><body><a href="{address}">{address}</a></body></html>\n'
    )
