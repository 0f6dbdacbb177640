"""How platforms count the length of a text. Every function takes the text as it is sent and returns units."""

import unicodedata

import regex

_URL = regex.compile(r"https?://[^\s<>\"“”„«»]+", regex.IGNORECASE)
#: Platforms end a link before punctuation that closes a sentence.
_AFTER_URL = ".,;:!?)]}'…"
#: What X makes a link of although it has no scheme: example.com, example.com/path.
_BARE_DOMAIN = regex.compile(r"(?<![\w@.-])(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,24}[\w@-]*(?:/[^\s]*)?")
_MENTION = regex.compile(r"(?<![\w/])@(\w+(?:[\w.-]*\w)?)@[\w.-]+\w")
_EMOJI = regex.compile(
    r"\p{RI}\p{RI}"
    r"|[0-9#*]\uFE0F?\u20E3"
    r"|(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F?)\p{EMod}?[\U000E0020-\U000E007F]*"
    r"(?:\u200D(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F?)\p{EMod}?)*"
)
#: twitter-text, config/v3.json: code points of weight 1; all others weigh 2.
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
#: What a link weighs on X (t.co) and on Mastodon, however long it is.
LINK_LENGTH = 23


def code_points(text: str) -> int:
    """Unicode code points in the composed form (NFC): what JSON consumers count as the length of a string."""
    return len(unicodedata.normalize("NFC", text))


def utf16_units(text: str) -> int:
    """UTF-16 code units: a character beyond the basic plane is two."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    return len(text.encode())


def graphemes(text: str) -> int:
    """Extended grapheme clusters (UAX 29): what a reader sees as one character."""
    return len(regex.findall(r"\X", text))


def links(text: str) -> list[tuple[int, int]]:
    """Where links stand in the text, as code point offsets (start, end), without the punctuation after them."""
    found = []
    for match in _URL.finditer(text):
        end = match.end()
        while text[end - 1] in _AFTER_URL and not (text[end - 1] == ")" and "(" in text[match.start() : end]):
            end -= 1
        found.append((match.start(), end))
    return found


def _without_links(text: str) -> tuple[list[str], int]:
    """What stands between the links, and how many links there are."""
    kept, last = [], 0
    places = links(text)
    for start, end in places:
        kept.append(text[last:start])
        last = end
    return [*kept, text[last:]], len(places)


def mastodon_characters(text: str) -> int:
    """Graphemes; a link counts as 23, of a mention on another server only the name (StatusLengthValidator)."""
    parts, count = _without_links(text)
    return sum(graphemes(_MENTION.sub(r"@\1", part)) for part in parts) + LINK_LENGTH * count


def x_weight(text: str) -> int:
    """X's weighted length (twitter-text 3): link 23, emoji 2, Latin and its neighbours 1, the rest 2, in NFC.

    A domain without a scheme counts as a link where X might take it for one, so the result is never too small.
    """
    parts, count = _without_links(unicodedata.normalize("NFC", text))
    return LINK_LENGTH * count + sum(_x_weight_without_links(part) for part in parts)


def _x_weight_without_links(text: str) -> int:
    bare = sum(_most_x_weighs(domain) for domain in _BARE_DOMAIN.findall(text))
    return bare + _x_weight_of_letters(_BARE_DOMAIN.sub("", text))


def _most_x_weighs(domain: str) -> int:
    """Where it has other letters than Latin ones, X may take a part of it for the link, and weigh the rest as well."""
    return max(LINK_LENGTH, len(domain)) if domain.isascii() else LINK_LENGTH + _x_weight_of_letters(domain)


def _x_weight_of_letters(text: str) -> int:
    emoji = 2 * len(_EMOJI.findall(text))
    return emoji + sum(1 if _light(ord(character)) else 2 for character in _EMOJI.sub("", text))


def _light(code_point: int) -> bool:
    return any(low <= code_point <= high for low, high in _LIGHT)


def threads_characters(text: str) -> int:
    """Code points; an emoji counts as its UTF-8 bytes (Threads API, "Limitations")."""
    emoji = _EMOJI.findall(text)
    return len(_EMOJI.sub("", text)) + sum(utf8_bytes(each) for each in emoji)
