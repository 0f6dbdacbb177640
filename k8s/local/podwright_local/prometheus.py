"""Prometheus and promtool, compiled from their Go module, for tests that scrape and alert with the real ones."""

import os
import shutil
from pathlib import Path
from typing import Final

from podwright_local.commands import LocalError, output_of, run_logged
from podwright_local.keys import digest, digest_files
from podwright_local.locks import exclusive
from podwright_local.paths import LOCAL, Cache
from podwright_local.progress import Progress

#: A module of its own: it asks for a newer Kubernetes client than the cluster's programs.
MODULE: Final = LOCAL / "go-prometheus"
PACKAGES: Final = (
    "github.com/prometheus/prometheus/cmd/prometheus",
    "github.com/prometheus/prometheus/cmd/promtool",
)
#: Prometheus's word for: no service discovery but files, which spares the clients of all clouds.
TAGS: Final = "remove_all_sd"
OPERATOR: Final = "github.com/prometheus-operator/prometheus-operator"
_RECIPE: Final = "1"


def folder(cache: Cache) -> Path:
    return cache.root / "bin" / f"prometheus-{digest(_RECIPE, digest_files(MODULE, ('go.mod', 'go.sum')))}"


def build(cache: Cache, progress: Progress) -> Path:
    """The folder with ``prometheus``, ``promtool`` and ``crds`` (of the Prometheus Operator); made where it is not."""
    target = folder(cache)
    with exclusive(cache.locks / "go"):
        if not target.exists():
            log = cache.logs / "go-prometheus.log"
            with progress.step("compiling Prometheus", log):
                _compile(cache, target, log)
    return target


def _compile(cache: Cache, target: Path, log: Path) -> None:
    if not shutil.which("go"):
        raise LocalError("Prometheus is compiled from its Go module: please install Go 1.26 or newer.")
    env = {
        "GOMODCACHE": str(cache.go_modules),
        "GOCACHE": str(cache.go_build),
        "GOFLAGS": "-modcacherw",
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": os.environ.get("GOTOOLCHAIN", "local"),
    }
    beside = target.with_name(f"{target.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    flags = ["-trimpath", "-ldflags", "-s -w", "-tags", TAGS]
    run_logged(["go", "build", *flags, "-o", f"{beside}/", *PACKAGES], log, env=env, cwd=MODULE)
    output_of(["go", "mod", "download", OPERATOR], cwd=MODULE, env=env)
    source = output_of(["go", "list", "-m", "-f", "{{.Dir}}", OPERATOR], cwd=MODULE, env=env).strip()
    shutil.copytree(Path(source) / "example" / "prometheus-operator-crd", beside / "crds")
    beside.rename(target)
