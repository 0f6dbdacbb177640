"""Names that are made from what people write."""

import hashlib
import re
import unicodedata

from podwright_crds.names import shortened

#: Leaves room for what the operator adds in names of Jobs (63 characters).
NAME_LIMIT = 40
FILE_NAME_LIMIT = 100


def name_from_title(title: str) -> str:
    """A resource name from a title; the same title gives the same name, so a repeated request finds a conflict."""
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_title).strip("-")
    if not slug:
        return f"episode-{hashlib.sha256(title.encode()).hexdigest()[:8]}"
    return shortened(slug, NAME_LIMIT)


def safe_file_name(file_name: str) -> str:
    """The last part of a path with only letters, digits, ``.``, ``_`` and ``-``; never empty, never hidden."""
    last = re.split(r"[/\\]", file_name)[-1]
    ascii_name = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode()
    stem, dot, extension = re.sub(r"[^A-Za-z0-9._-]+", "-", ascii_name).rstrip("-.").rpartition(".")
    stem = shortened(stem.strip("-."), FILE_NAME_LIMIT) or ("media" if dot else "")
    return f"{stem}{dot}{extension[:16]}" if stem else shortened(extension.strip("-"), FILE_NAME_LIMIT) or "media"
