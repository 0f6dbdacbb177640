"""Whisper's languages, their names in OpenAI's answers, and the codes that mean the same."""

from podwright_core.writing_systems import base_language

#: Whisper's hundred languages by its codes: ISO 639-1, three of ISO 639-3, and ``jw``, which ISO 639-1 calls ``jv``.
LANGUAGE_NAMES = {
    "af": "afrikaans", "am": "amharic", "ar": "arabic", "as": "assamese", "az": "azerbaijani", "ba": "bashkir",
    "be": "belarusian", "bg": "bulgarian", "bn": "bengali", "bo": "tibetan", "br": "breton", "bs": "bosnian",
    "ca": "catalan", "cs": "czech", "cy": "welsh", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fo": "faroese",
    "fr": "french", "gl": "galician", "gu": "gujarati", "ha": "hausa", "haw": "hawaiian", "he": "hebrew",
    "hi": "hindi", "hr": "croatian", "ht": "haitian creole", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "is": "icelandic", "it": "italian", "ja": "japanese", "jw": "javanese", "ka": "georgian", "kk": "kazakh",
    "km": "khmer", "kn": "kannada", "ko": "korean", "la": "latin", "lb": "luxembourgish", "ln": "lingala",
    "lo": "lao", "lt": "lithuanian", "lv": "latvian", "mg": "malagasy", "mi": "maori", "mk": "macedonian",
    "ml": "malayalam", "mn": "mongolian", "mr": "marathi", "ms": "malay", "mt": "maltese", "my": "myanmar",
    "ne": "nepali", "nl": "dutch", "nn": "nynorsk", "no": "norwegian", "oc": "occitan", "pa": "punjabi",
    "pl": "polish", "ps": "pashto", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sa": "sanskrit",
    "sd": "sindhi", "si": "sinhala", "sk": "slovak", "sl": "slovenian", "sn": "shona", "so": "somali",
    "sq": "albanian", "sr": "serbian", "su": "sundanese", "sv": "swedish", "sw": "swahili", "ta": "tamil",
    "te": "telugu", "tg": "tajik", "th": "thai", "tk": "turkmen", "tl": "tagalog", "tr": "turkish", "tt": "tatar",
    "uk": "ukrainian", "ur": "urdu", "uz": "uzbek", "vi": "vietnamese", "yi": "yiddish", "yo": "yoruba",
    "yue": "cantonese", "zh": "chinese",
}  # fmt: skip
_CODES = {name: code for code, name in LANGUAGE_NAMES.items()} | {
    "burmese": "my", "castilian": "es", "flemish": "nl", "haitian": "ht", "letzeburgesch": "lb", "mandarin": "zh",
    "moldavian": "ro", "moldovan": "ro", "panjabi": "pa", "pushto": "ps", "sinhalese": "si", "valencian": "ca",
}  # fmt: skip
#: Codes of languages that have another one here: written kinds of one, and ones that ISO 639 gave up.
_SAME = {"cmn": "zh", "fil": "tl", "in": "id", "iw": "he", "ji": "yi", "jw": "jv", "nb": "no"}


def language_code(name: str) -> str:
    """``english`` gives ``en``, a code (BCP 47) stays as it is; ``und`` where nothing is known."""
    lowered = name.strip().lower()
    code = _CODES.get(lowered, lowered)
    if not 2 <= len(base_language(code)) <= 3 or not code.replace("-", "").isalnum():
        return "und"
    return _SAME["jw"] if code == "jw" else code


def main_language(tag: str) -> str:
    """The language without its region, by one code: ``nb-NO`` gives ``no``, ``jw`` gives ``jv``."""
    base = base_language(tag.strip())
    return _SAME.get(base, base)


def whisper_code(tag: str) -> str:
    """The code by which Whisper knows a language (``nb-NO`` gives ``no``); for others the code without its region."""
    main = main_language(tag)
    return "jw" if main == "jv" else main
