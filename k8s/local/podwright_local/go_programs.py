"""Programs of others that tests and benchmarks measure themselves against, compiled from their own Go modules."""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from podwright_local.commands import LocalError, output_of, run_logged
from podwright_local.keys import digest, digest_files
from podwright_local.locks import exclusive
from podwright_local.paths import LOCAL, Cache
from podwright_local.progress import Progress

#: What the compiler may use before it looks for garbage, as GOGC: a fifth of its time, where memory is plenty.
_GENEROUS = "400"
_PLENTY_PER_CORE = 4 << 30


def go_environment(cache: Cache) -> dict[str, str]:
    """For the go command: everything that it fetches and compiles stays below the cache."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    plenty = memory // (os.cpu_count() or 1) >= _PLENTY_PER_CORE
    return {
        "GOGC": os.environ.get("GOGC", _GENEROUS if plenty else "100"),
        "GOMODCACHE": str(cache.go_modules),
        "GOCACHE": str(cache.go_build),
        "GOFLAGS": "-modcacherw",
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": os.environ.get("GOTOOLCHAIN", "local"),
    }


def require_go(module: Path) -> None:
    """Refuse to begin where there is no Go that compiles a module.

    Raises:
        LocalError: the message says which one to install.
    """
    needed = re.search(r"^go (\d+)\.(\d+)", (module / "go.mod").read_text(), re.MULTILINE)
    wanted = (int(needed[1]), int(needed[2])) if needed else (1, 0)
    install = f"please install Go {wanted[0]}.{wanted[1]} or newer (https://go.dev/dl)"
    if not shutil.which("go"):
        raise LocalError(
            f"The programs of the cluster and of its tests are compiled from Go modules: {install}. Where you have it, "
            'it is not on this command\'s PATH: `sudo env "PATH=$PATH" make …` passes yours on.'
        )
    # Where GOTOOLCHAIN is set, an older Go may fetch the one that the module asks for.
    found = re.match(r"go(\d+)\.(\d+)", output_of(["go", "env", "GOVERSION"], cwd=Path("/")))
    if found and (int(found[1]), int(found[2])) < wanted and "GOTOOLCHAIN" not in os.environ:
        raise LocalError(f"Go {found[1]}.{found[2]} is too old ({shutil.which('go')}): {install}.")


@dataclass(frozen=True)
class GoPrograms:
    """Programs of one Go module below ``k8s/local``, which pins their versions."""

    #: The module is the folder ``go-NAME``.
    name: str
    #: What people call them.
    title: str
    packages: tuple[str, ...]
    tags: str = ""
    #: What of a required module lies beside the programs: module, folder in it → name beside them.
    folders: Mapping[tuple[str, str], str] = field(default_factory=dict)
    #: Counts up when what is done here to the same sources changes.
    recipe: str = "1"

    @property
    def module(self) -> Path:
        return LOCAL / f"go-{self.name}"

    def folder(self, cache: Cache) -> Path:
        # tools.go only names packages, so that `go mod tidy` keeps them.
        inputs = [entry.name for entry in self.module.iterdir() if entry.name != "tools.go"]
        return cache.root / "bin" / f"{self.name}-{digest(self.recipe, digest_files(self.module, inputs))}"

    def build(self, cache: Cache, progress: Progress) -> Path:
        """The folder with the programs and what lies beside them; made where it is not."""
        target = self.folder(cache)
        with exclusive(cache.locks / "go"):
            if not target.exists():
                log = cache.logs / f"go-{self.name}.log"
                with progress.step(f"compiling {self.title}", log):
                    self._compile(cache, target, log)
        return target

    def _compile(self, cache: Cache, target: Path, log: Path) -> None:
        require_go(self.module)
        env = go_environment(cache)
        beside = target.with_name(f"{target.name}.new")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        flags = ["-trimpath", "-ldflags", "-s -w", *(("-tags", self.tags) if self.tags else ())]
        run_logged(["go", "build", *flags, "-o", f"{beside}/", *self.packages], log, env=env, cwd=self.module)
        for (module, folder), name in self.folders.items():
            output_of(["go", "mod", "download", module], cwd=self.module, env=env)
            source = output_of(["go", "list", "-m", "-f", "{{.Dir}}", module], cwd=self.module, env=env).strip()
            shutil.copytree(Path(source) / folder, beside / name)
        beside.rename(target)


#: Scrapes and alerts in tests; with the CRDs of the Prometheus Operator. Its tag leaves out all service discovery but
#: files, which spares the clients of all clouds. It asks for a newer Kubernetes client than the cluster's programs.
PROMETHEUS = GoPrograms(
    "prometheus",
    "Prometheus",
    ("github.com/prometheus/prometheus/cmd/prometheus", "github.com/prometheus/prometheus/cmd/promtool"),
    tags="remove_all_sd",
    folders={
        ("github.com/prometheus-operator/prometheus-operator", "example/prometheus-operator-crd"): "crds",
    },
)

#: The controller that `make bench-peers` measures beside the operator.
ARGO_WORKFLOWS = GoPrograms(
    "argo-workflows",
    "Argo Workflows",
    ("github.com/argoproj/argo-workflows/v3/cmd/workflow-controller",),
    folders={("github.com/argoproj/argo-workflows/v3", "manifests/base/crds/minimal"): "crds"},
)

#: Admits stage Jobs in tests; with the manifests of its installation. Its module asks for the Kubernetes of the
#: cluster's programs, so that what they have in common compiles once.
KUEUE = GoPrograms(
    "kueue",
    "Kueue",
    ("sigs.k8s.io/kueue/cmd/kueue",),
    folders={("sigs.k8s.io/kueue", "config"): "config"},
)

#: Judges objects in tests as Argo CD and Flux do. Its tag: Argo CD still asks for what Kubernetes 1.35 leaves out.
GITOPS = GoPrograms(
    "gitops",
    "Argo CD's and kstatus's judgement",
    ("./health",),
    tags="kubernetes_protomessage_one_more_release",
)

GO_PROGRAMS = {programs.name: programs for programs in (PROMETHEUS, ARGO_WORKFLOWS, KUEUE, GITOPS)}
