"""Links that tell where a listener came from."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def link_with_utm(link: str, *, source: str, medium: str, campaign: str, content: str | None = None) -> str:
    """The link with its UTM parameters; others stay as they are, UTM parameters that it already has win."""
    parts = urlsplit(link)
    query = parse_qsl(parts.query, keep_blank_values=True)
    present = {name for name, _ in query}
    wanted = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign, "utm_content": content}
    query += [(name, value) for name, value in wanted.items() if value and name not in present]
    return urlunsplit(parts._replace(query=urlencode(query)))
