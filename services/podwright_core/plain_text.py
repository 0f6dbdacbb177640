"""HTML as plain text, as people write show notes."""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {"address", "article", "blockquote", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre"}
) | {
    "section",
    "table",
    "ul",
}
_SILENT = frozenset({"head", "script", "style", "template", "title"})
_HTML = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]+);")
#: References to no character: the standard library fails on numbers of some thousand digits.
_BEYOND = re.compile(r"&#(?:0*[1-9]\d{7,}|\d{20,});?")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        elif tag in {"br", "tr"}:
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(self._silent - 1, 0)
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        elif tag == "a" and self._links:
            href, begin = self._links.pop()
            shown = "".join(self.parts[begin:]).strip()
            if href.startswith(("http://", "https://", "mailto:")) and _bare(href) != _bare(shown):
                self.parts.append(f" ({href.removeprefix('mailto:')})" if shown else href)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """``<![if IE]>`` is a comment, as later Pythons read it; this one's parser fails on some."""
        return self.parse_bogus_comment(i, report)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def _bare(address: str) -> str:
    return re.sub(r"^(?:https?://|mailto:)", "", address).rstrip("/")


def is_html(text: str) -> bool:
    """Whether a text has tags or character references."""
    return _HTML.search(text) is not None


def without_impossible_references(text: str) -> str:
    """HTML or WebVTT that the standard library can unescape."""
    return _BEYOND.sub("", text)


def plain_text(text: str) -> str:
    """HTML without its tags: paragraphs, lines, list items and links' addresses stay. Other text stays as it is."""
    if not is_html(text):
        return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in text.splitlines())).strip()
    parser = _Text()
    parser.feed(without_impossible_references(text))
    parser.close()
    lines = [re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(parser.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
