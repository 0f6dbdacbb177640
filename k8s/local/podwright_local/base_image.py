"""The base image where no registry of images is reached: Debian 12 with its Python, made by debootstrap."""

import shutil
from pathlib import Path

from podwright_local.commands import run_logged
from podwright_local.keys import digest
from podwright_local.locks import exclusive
from podwright_local.oci import ImageConfig, write_layout
from podwright_local.paths import Cache
from podwright_local.progress import Progress

SUITE = "bookworm"
PACKAGES = ("ca-certificates", "python3", "python3-venv")
RECIPE = "2"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
DROPPED = ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")
REFERENCE = "localhost/podwright-base:1"
NO_DOCUMENTATION = """path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
"""


def key() -> str:
    return digest(RECIPE, SUITE, *PACKAGES, *DROPPED)


def layout(cache: Cache) -> Path:
    """The OCI layout, a folder, as BuildKit reads it."""
    return cache.root / "images" / f"base-{key()}"


def mirror() -> str:
    """The Debian mirror that this machine's own package manager uses, else Debian's own."""
    for source in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("debian.*"))]:
        if source.exists() and (found := mirror_in(source.read_text())):
            return found
    return DEFAULT_MIRROR


def mirror_in(sources: str) -> str | None:
    """The first address of a main Debian archive in either format of apt's source lists."""
    for line in sources.splitlines():
        words = line.split()
        if not words or words[0] not in ("deb", "URIs:"):
            continue
        for word in words[1:]:
            if word.startswith("http") and word.rstrip("/").endswith("/debian"):
                return word.rstrip("/")
    return None


def build(cache: Cache, progress: Progress) -> Path:
    """Make the layout if it is not there; about a minute."""
    target = layout(cache)
    with exclusive(cache.locks / "base"):
        if target.exists():
            return target
        log = cache.logs / "base-image.log"
        with progress.step("making the base image (Debian 12 with Python)", log):
            work = target.with_name(f"{target.name}.new")
            shutil.rmtree(work, ignore_errors=True)
            root, out = work / "root", work / "layout"
            out.mkdir(parents=True)
            archive = mirror()
            run_logged(
                ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, root, archive], log
            )
            _trim(root, archive)
            layer = work / "layer.tar"
            run_logged(
                ["tar", "--sort=name", "--numeric-owner", "--mtime=@0", "-C", root, "-cf", layer, "."],
                log.with_suffix(".tar.log"),
            )
            path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
            write_layout(out, layer, ImageConfig(environment=path), REFERENCE)
            out.rename(target)
            shutil.rmtree(work)
    return target


def _trim(root: Path, archive: str) -> None:
    for part in DROPPED:
        for entry in (root / part).iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    (root / "var/lib/apt/lists/partial").mkdir(exist_ok=True)
    (root / "var/cache/apt/archives/partial").mkdir(exist_ok=True)
    (root / "etc/dpkg/dpkg.cfg.d/no-documentation").write_text(NO_DOCUMENTATION)
    (root / "etc/apt/sources.list").write_text(f"deb {archive} {SUITE} main\ndeb {archive} {SUITE}-updates main\n")
