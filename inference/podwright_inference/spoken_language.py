"""The language of a recording as its windows show it; a recording may have several."""

from collections import Counter

SURE = 0.8
"""A window's language is believed from this probability on; below, the one of the windows before it."""


class SpokenLanguage:
    """What is known of one request's language; used by one thread."""

    def __init__(self, given: str | None = None) -> None:
        self.given = given is not None
        self.code = given or "en"
        self._known = self.given
        self._heard: Counter[str] = Counter()

    def heard(self, code: str, probability: float) -> str:
        """The language of a window in which the model recognised `code`."""
        if not self.given and (probability >= SURE or not self._known):
            self.code, self._known = code, True
        return self.code

    def spoken(self, code: str, characters: int) -> None:
        """Note how much was said in a language."""
        self._heard[code] += characters

    @property
    def main(self) -> str:
        """The language of most of what was said."""
        return self._heard.most_common(1)[0][0] if self._heard and not self.given else self.code
