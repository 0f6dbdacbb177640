"""A real OpenID Connect provider for the facade's tests (npm: oidc-provider), installed once below the cache."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from podwright_local.commands import LocalError, run_logged
from podwright_local.keys import digest, digest_files
from podwright_local.locks import exclusive
from podwright_local.paths import Cache
from podwright_local.progress import Progress
from podwright_local.publishing_servers import SOURCES, node_package

RECIPE = "1"


@dataclass(frozen=True)
class OidcServer:
    node: Path
    modules: Path
    program: Path = SOURCES / "oidc.mjs"

    @property
    def command(self) -> list[str]:
        """Started with PODWRIGHT_OIDC_PORT, PODWRIGHT_OIDC_REDIRECT and with `environment`."""
        return [str(self.node), str(self.program)]

    @property
    def environment(self) -> dict[str, str]:
        return {"PODWRIGHT_OIDC_MODULES": str(self.modules)}


def oidc(cache: Cache, progress: Progress) -> OidcServer:
    """Install the provider where it is not yet: some seconds."""
    target = cache.root / "publishing" / f"oidc-{digest(RECIPE, digest_files(SOURCES, ['node', 'oidc']))}"
    with exclusive(cache.locks / "oidc"):
        if not target.exists():
            log = cache.logs / "oidc.log"
            with progress.step("installing an OpenID Connect provider from npm", log):
                _install(cache, target, log)
    return OidcServer(target / "node/node_modules" / node_package() / "bin/node", target / "oidc")


def _install(cache: Cache, target: Path, log: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise LocalError("The OpenID Connect provider comes from npm: please install Node with npm.")
    beside = target.with_name(f"{target.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    env = {"npm_config_cache": str(cache.root / "npm"), "npm_config_update_notifier": "false"}
    for part in ("node", "oidc"):
        shutil.copytree(SOURCES / part, beside / part)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        run_logged(command, log.with_suffix(f".{part}.log"), env=env, cwd=beside / part)
    beside.rename(target)
