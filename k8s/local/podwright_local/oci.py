"""Images without a builder: OCI layouts written directly from a folder or from one program."""

import hashlib
import io
import json
import platform
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LAYER = "application/vnd.oci.image.layer.v1.tar"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
CHUNK = 1 << 20
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Of images, by the kernel's names."""


@dataclass(frozen=True)
class ImageConfig:
    """How a container of the image starts when the pod does not say."""

    entrypoint: tuple[str, ...] = ()
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def as_json(self, layer: str) -> dict[str, Any]:
        return {
            "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "Entrypoint": list(self.entrypoint),
                "User": self.user,
                "Env": [f"{name}={value}" for name, value in self.environment.items()],
            },
            "rootfs": {"type": "layers", "diff_ids": [layer]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "podwright_local"}],
        }


def write_layout(folder: Path, layer: Path, config: ImageConfig, reference: str) -> str:
    """Make an OCI layout of one uncompressed layer, which is moved into it; the manifest's digest."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    layer_digest, layer_size = _digest_of(layer), layer.stat().st_size
    shutil.move(layer, blobs / layer_digest)
    config_digest, config_size = _put(blobs, config.as_json(f"sha256:{layer_digest}"))
    manifest_digest, manifest_size = _put(
        blobs,
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor(CONFIG, config_digest, config_size),
            "layers": [_descriptor(LAYER, layer_digest, layer_size)],
        },
    )
    entry = _descriptor(MANIFEST, manifest_digest, manifest_size)
    entry["annotations"] = {
        "io.containerd.image.name": reference,
        "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
    }
    (folder / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return f"sha256:{manifest_digest}"


def program_image(program: Path, target: Path, config: ImageConfig, reference: str) -> None:
    """An image that holds one static program at `/NAME`, as an OCI archive at `target`."""
    folder = target.with_suffix(".layout")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    layer = folder / "layer.tar"
    with tarfile.open(layer, "w") as archive:
        entry = tarfile.TarInfo(program.name)
        entry.size, entry.mode = program.resolve().stat().st_size, 0o755
        with program.open("rb") as stream:
            archive.addfile(entry, stream)
        for name, mode in (("tmp", 0o1777), ("data", 0o755)):
            mount_point = tarfile.TarInfo(name)
            mount_point.type, mount_point.mode = tarfile.DIRTYPE, mode
            archive.addfile(mount_point, io.BytesIO())
    write_layout(folder, layer, config, reference)
    beside = target.with_suffix(".new")
    with tarfile.open(beside, "w") as archive:
        for part in ("oci-layout", "index.json", "blobs"):
            archive.add(folder / part, part)
    shutil.rmtree(folder)
    beside.rename(target)


def manifest_digest(folder: Path) -> str:
    """The digest of the only image in a layout."""
    return str(json.loads((folder / "index.json").read_text())["manifests"][0]["digest"])


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": size}


def _put(blobs: Path, content: dict[str, Any]) -> tuple[str, int]:
    encoded = json.dumps(content, sort_keys=True).encode()
    digest = hashlib.sha256(encoded).hexdigest()
    (blobs / digest).write_bytes(encoded)
    return digest, len(encoded)


def _digest_of(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()
