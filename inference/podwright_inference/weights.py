"""`python -m podwright_inference.weights URI DIR [--revision R]`: bring a model's files to a folder.

Runs as the init container of the endpoints' pods. A run that was interrupted goes on where it stopped; the file
`.complete` is written last and names what the folder holds. Exit codes: 0 done, 64 a person must correct something,
75 it may work when tried again. The reason of a failure goes to the container's termination message.

- `s3://BUCKET/PREFIX`: every object below the prefix, from the storage that `PODWRIGHT_S3_*` describes.
- `hf://ORG/MODEL`: a snapshot of the repository at `--revision`, a commit; `HF_TOKEN` opens what is not public.
- `pvc://CLAIM/PATH`: the volume is mounted at DIR; only checks that files are there.
"""

import argparse
import json
import logging
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from podwright_core.stages import EXIT_REJECTED, EXIT_RETRY, TERMINATION_MESSAGE_LIMIT
from podwright_inference.weights_hub import plan_hub
from podwright_inference.weights_s3 import plan_s3
from podwright_inference.weights_source import Fetch, Source, WeightsRejectedError

logger = logging.getLogger("podwright.weights")

COMPLETE = ".complete"
INCOMING = ".incoming"
TERMINATION_LOG = Path("/dev/termination-log")
"""Kubernetes mounts it; elsewhere there is none."""


def fetch(uri: str, target: Path, revision: str | None) -> None:
    """Make `target` hold the files that `uri` names.

    Raises `WeightsRejectedError`; other errors may pass by themselves.
    """
    match urlsplit(uri).scheme:
        case "s3":
            place(target, *plan_s3(uri, os.environ))
        case "hf":
            place(target, *plan_hub(uri, revision))
        case "pvc":
            check_volume(uri, target)
        case _:
            raise WeightsRejectedError(f"{uri} is no address of weights; they begin with s3://, hf:// or pvc://.")


def place(target: Path, source: Source, fetch_into: Fetch) -> None:
    """Let `target` hold the files of `source`, and nothing of what it held before; nothing happens if it does."""
    marker = target / COMPLETE
    record = json.dumps(asdict(source))
    if marker.is_file() and marker.read_text() == record:
        logger.info("%s is there already", source.uri)
        return
    incoming = target / INCOMING / source.version
    if target.is_dir() and any(target.iterdir()) and not (marker.is_file() or incoming.parent.is_dir()):
        raise WeightsRejectedError(f"{target} holds files that did not come from here; name an empty folder.")
    incoming.mkdir(parents=True, exist_ok=True)
    for left in [*target.iterdir(), *incoming.parent.iterdir()]:
        if left not in {incoming.parent, incoming}:
            _remove(left)
    fetch_into(incoming)
    for path in incoming.iterdir():
        path.rename(target / path.name)
    shutil.rmtree(target / INCOMING)
    marker.write_text(record)


def check_volume(uri: str, target: Path) -> None:
    """A mounted volume must hold something at the path."""
    if not target.is_dir() or not any(target.iterdir()):
        raise WeightsRejectedError(
            f"{uri} holds no files. Put the model's files into the folder of that claim, or correct spec.weights.uri."
        )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _fail(code: int, message: str) -> int:
    print(message, file=sys.stderr)
    if TERMINATION_LOG.exists():
        TERMINATION_LOG.write_bytes(message.encode()[:TERMINATION_MESSAGE_LIMIT])
    return code


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m podwright_inference.weights", description=__doc__)
    parser.add_argument("uri", help="s3://BUCKET/PREFIX, hf://ORG/MODEL or pvc://CLAIM/PATH")
    parser.add_argument("dir", type=Path, help="folder that shall hold the files")
    parser.add_argument("--revision", help="the commit, for hf://")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        fetch(options.uri, options.dir, options.revision)
    except WeightsRejectedError as error:
        return _fail(EXIT_REJECTED, str(error))
    except Exception as error:  # noqa: BLE001 - whatever it was, the person reads it in the pod's status
        return _fail(EXIT_RETRY, f"{options.uri} could not be fetched yet ({type(error).__name__}): {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
