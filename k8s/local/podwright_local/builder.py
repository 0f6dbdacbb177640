"""BuildKit, running only while something is built, in process and mount namespaces of its own: nothing of it stays."""

import configparser
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from podwright_local.commands import CommandError, LocalError, run_logged, succeeds, tail_of
from podwright_local.locks import exclusive
from podwright_local.oci import manifest_digest
from podwright_local.paths import Cache
from podwright_local.processes import Identity, children, send, wait_until_gone

START_SECONDS = 30.0
BASE_NAME = "podwright-base"
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host")
UV_VARIABLES = {
    "UV_DEFAULT_INDEX": "index-url",
    "UV_INDEX_URL": "index-url",
    "UV_EXTRA_INDEX_URL": "extra-index-url",
}
PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Builder:
    """A running BuildKit."""

    buildctl: Path
    socket: Path
    secrets: Mapping[str, Path]

    def build(
        self,
        *,
        dockerfile: Path,
        context: Path,
        target: str,
        base_layout: Path,
        reference: str,
        archive: Path,
        log: Path,
        arguments: Mapping[str, str] | None = None,
    ) -> None:
        """Build one target into an OCI archive. Layers stay uncompressed: the image never leaves the machine."""
        beside = archive.with_suffix(".new")
        beside.parent.mkdir(parents=True, exist_ok=True)
        options = {
            "target": target,
            "filename": dockerfile.name,
            "build-arg:BASE": BASE_NAME,
            f"context:{BASE_NAME}": f"oci-layout://base@{manifest_digest(base_layout)}",
            "force-network-mode": "host",
            **{f"build-arg:{name}": value for name, value in (arguments or {}).items()},
            **{f"build-arg:{name}": os.environ[name] for name in PROXY_VARIABLES if name in os.environ},
        }
        argv: list[str | Path] = [self.buildctl, "--addr", f"unix://{self.socket}", "build", "--progress=plain"]
        argv += ["--frontend", "dockerfile.v0", "--allow", "network.host"]
        argv += ["--local", f"context={context}", "--local", f"dockerfile={dockerfile.parent}"]
        argv += ["--oci-layout", f"base={base_layout}"]
        for name, value in options.items():
            argv += ["--opt", f"{name}={value}"]
        for identifier, file in self.secrets.items():
            argv += ["--secret", f"id={identifier},src={file}"]
        argv += ["--output", f"type=oci,dest={beside},name={reference},compression=uncompressed,oci-mediatypes=true"]
        run_logged(argv, log)
        beside.rename(archive)


@contextmanager
def running(cache: Cache, binaries: Path) -> Iterator[Builder]:
    """A BuildKit for the length of the block. Its own store below the cache makes a second build short."""
    cache.builder.mkdir(parents=True, exist_ok=True)
    socket, log = cache.builder / "buildkit.sock", cache.logs / "buildkitd.log"
    temporary = cache.builder / "tmp"
    log.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(cache.locks / "builder"), log.open("wb") as stream:
        socket.unlink(missing_ok=True)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        holder = subprocess.Popen(
            [
                # Whatever ends this program, a closed terminal as well, ends BuildKit: a second one could not start.
                *("setpriv", "--pdeathsig", "KILL"),
                *("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"),
                *(binaries / "buildkitd", "--root", cache.builder / "state", "--addr", f"unix://{socket}"),
                *("--oci-worker=true", "--containerd-worker=false", "--oci-worker-net=host"),
                *("--oci-worker-gc-keepstorage=8000", "--allow-insecure-entitlement=network.host"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(temporary)},
            start_new_session=True,
        )
        try:
            _wait(holder, binaries / "buildctl", socket, log)
            with tempfile.TemporaryDirectory() as folder:
                yield Builder(binaries / "buildctl", socket, build_secrets(Path(folder)))
        finally:
            for pid in children(holder.pid):
                daemon = Identity.of(pid)
                send(daemon, signal.SIGTERM)
                wait_until_gone(daemon, 10)
            holder.kill()
            holder.wait()


def _wait(holder: subprocess.Popen[bytes], buildctl: Path, socket: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (socket.exists() and succeeds([buildctl, "--addr", f"unix://{socket}", "debug", "workers"])):
        if holder.poll() is not None or time.monotonic() > deadline:
            raise LocalError(f"BuildKit does not start; its log is {log}\n{tail_of(log)}")
        time.sleep(0.1)


def build_secrets(folder: Path) -> dict[str, Path]:
    """What a build step needs of this machine to reach the package index, as secrets that no layer keeps."""
    pip, uv, secrets = folder / "pip.conf", folder / "uv.toml", {"pip": folder / "pip.conf", "uv": folder / "uv.toml"}
    settings = pip_settings()
    pip.write_text(pip_config(settings))
    uv.write_text(uv_config(settings, os.environ))
    for file in (pip, uv):
        file.chmod(0o600)
    for candidate in (os.environ.get("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt"):
        if candidate and Path(candidate).is_file():
            return {**secrets, "ca": Path(candidate)}
    return secrets


def pip_settings() -> dict[str, str]:
    """The settings of this machine's pip that say where packages come from, by pip's own names."""
    try:
        listed = subprocess.run(
            [_python_with_pip(), "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
        ).stdout
    except (CommandError, subprocess.CalledProcessError, FileNotFoundError):
        listed = ""
    settings = {}
    for line in listed.splitlines():
        scope, _, value = line.partition("=")
        name = scope.rpartition(".")[2]
        if name in PIP_SETTINGS:
            settings[name] = value.strip().strip("'\"")
    return settings


def _python_with_pip() -> str:
    return sys.executable if succeeds([sys.executable, "-m", "pip", "--version"]) else "python3"


def pip_config(settings: Mapping[str, str]) -> str:
    parser = configparser.RawConfigParser()
    parser["global"] = dict(settings)
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def uv_config(settings: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Uv's own variables win over pip's settings; a uv.toml of the machine is not read, since it may name its paths."""
    chosen = {name: value for name, value in settings.items() if name != "trusted-host"}
    for variable, name in UV_VARIABLES.items():
        if environment.get(variable):
            chosen[name] = environment[variable]
    lines = []
    if "index-url" in chosen:
        lines.append(f'index-url = "{chosen["index-url"]}"')
    if "extra-index-url" in chosen:
        urls = ", ".join(f'"{url}"' for url in chosen["extra-index-url"].split())
        lines.append(f"extra-index-url = [{urls}]")
    return "".join(f"{line}\n" for line in lines)
