"""KIND/NAME as people write it."""

from difflib import get_close_matches

from podwright_cli.errors import CliError, Exit
from podwright_crds.kinds import KINDS
from podwright_crds.resource import Resource
from podwright_desk.refs import Ref

_BY_WORD: dict[str, type[Resource]] = {
    word: kind for kind in KINDS for word in (kind.KIND.lower(), kind.PLURAL, kind.SHORT)
}
#: The words to suggest.
KIND_WORDS: tuple[str, ...] = tuple(kind.KIND.lower() for kind in KINDS)


def ref_named(text: str) -> Ref:
    """``episode/sourdough``, with the kind as kubectl takes it; raises ``CliError``."""
    word, slash, name = text.partition("/")
    kind = kind_named(word)
    if not slash or not name:
        raise CliError(f"'{text}' names no object: write {kind.KIND.lower()}/NAME.", Exit.USAGE)
    return Ref(kind, name)


def kind_named(word: str) -> type[Resource]:
    """The kind of a singular, plural or short name; raises ``CliError``."""
    kind = _BY_WORD.get(word.lower())
    if kind is None:
        near = get_close_matches(word.lower(), _BY_WORD, n=1)
        hint = f"did you mean {near[0]}?" if near else f"write one of {', '.join(KIND_WORDS)}, then /NAME."
        raise CliError(f"There is no kind '{word}': {hint}", Exit.USAGE)
    return kind
