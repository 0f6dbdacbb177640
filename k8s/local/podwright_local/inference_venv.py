"""The Python environment of Ray pods as a folder of the machine, mounted read-only where the image `inference` has it.

As part of an image it would be stored three times, 7 GB each; as a folder it is hard links from uv's cache, and a
changed requirement costs seconds. Users' clusters get the image `inference` instead.
"""

import os
import shutil
import sys
from pathlib import Path

from podwright_local.commands import LocalError, run_logged
from podwright_local.keys import digest, digest_files
from podwright_local.kubectl import Manifest
from podwright_local.locks import exclusive
from podwright_local.paths import REPOSITORY, Cache
from podwright_local.progress import Progress

RECIPE = "3"
PYTHON = "/usr/bin/python3.11"
"""The image's Python; the machine must have the same one at the same path."""
INFERENCE = REPOSITORY / "inference"
REQUIREMENTS = "requirements-cpu.txt"
CLAIM = "podwright-inference-venv"
MOUNT = "/opt/inference"
"""As in the Dockerfile; the environment is relocatable, so its scripts run there too."""
UV_SETTINGS = {
    "UV_LINK_MODE": "hardlink",
    # Pods cannot write into the folder: bytecode that is not there is made again by each of Ray's processes.
    "PYC_INVALIDATION_MODE": "UNCHECKED_HASH",
    "UV_COMPILE_BYTECODE_TIMEOUT": "900",
}


def key() -> str:
    return digest(RECIPE, PYTHON, digest_files(INFERENCE, [REQUIREMENTS]))


def folder(cache: Cache) -> Path:
    return cache.inference_venv(key())


def build(cache: Cache, progress: Progress) -> Path:
    """Make the environment if it is not there: half a minute for the wheels, a minute to compile them.

    A file written last says that it is complete.
    """
    target = folder(cache)
    complete = target / "complete"
    with exclusive(cache.locks / "inference-venv"):
        if complete.exists():
            return target
        log = cache.logs / "inference-venv.log"
        shutil.rmtree(target, ignore_errors=True)
        uv, env = uv_program(), {"UV_CACHE_DIR": str(cache.uv), **UV_SETTINGS}
        with progress.step("installing the inference engines (Ray, vLLM, faster-whisper)", log):
            run_logged([uv, "venv", "--quiet", "--relocatable", "--python", PYTHON, target], log, env=env)
            install: list[str | Path] = [uv, "pip", "install", "--no-deps", "--python", target / "bin" / "python"]
            install += ["--compile-bytecode", "-r", INFERENCE / REQUIREMENTS]
            run_logged(install, log, env=env)
        complete.touch()
    return target


def uv_program() -> str:
    """Uv as it runs this program, else from PATH."""
    for candidate in (os.environ.get("UV"), shutil.which("uv"), str(Path(sys.executable).with_name("uv"))):
        if candidate and Path(candidate).exists():
            return candidate
    raise LocalError("uv is not found: run this with `make`, or put uv on PATH.")


def volume(cache: Cache, namespace: str) -> list[Manifest]:
    """The folder as a volume of a namespace: `restricted` pods may mount a claim, and no path of the machine."""
    name = f"inference-venv-{namespace}"
    size = {"storage": "10Gi"}
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "capacity": size,
                "accessModes": ["ReadOnlyMany"],
                "storageClassName": "local",
                "persistentVolumeReclaimPolicy": "Retain",
                "claimRef": {"namespace": namespace, "name": CLAIM},
                "hostPath": {"path": str(cache.root / "venv"), "type": "Directory"},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": CLAIM, "namespace": namespace},
            "spec": {
                "accessModes": ["ReadOnlyMany"],
                "storageClassName": "local",
                "volumeName": name,
                "resources": {"requests": size},
            },
        },
    ]


def pod_settings(cache: Cache) -> Manifest:
    """What Ray pods need to run from the folder: the chart's values below `inference`."""
    mount = {"name": "venv", "mountPath": MOUNT, "subPath": folder(cache).name, "readOnly": True}
    return {
        "volumes": [{"name": "venv", "persistentVolumeClaim": {"claimName": CLAIM, "readOnly": True}}],
        "volumeMounts": [mount],
    }
