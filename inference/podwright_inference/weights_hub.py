"""Weights from the Hugging Face hub, at an exact revision."""

from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

from podwright_inference.weights_source import Fetch, Source, WeightsRejectedError

UNUSED = ("*.msgpack", "*.h5", "*.ot", "*.onnx", "onnx/*", "original/*", "*.tflite", "*.mlmodel")
"""Other frameworks' copies of the weights."""
OLDER_COPIES = ("*.bin", "*.pt", "*.pth")
"""The same weights once more where safetensors are there."""


def plan_hub(uri: str, revision: str | None) -> tuple[Source, Fetch]:
    """The commit that the address and revision name, and how to fetch its snapshot."""
    repository = uri.removeprefix("hf://").strip("/")
    if repository.count("/") != 1:
        raise WeightsRejectedError(f"{uri} names no model; the form is hf://ORG/MODEL.")
    if not revision:
        raise WeightsRejectedError(f"{uri} needs spec.weights.revision: the commit to use.")
    try:
        info = HfApi().model_info(repository, revision=revision)
    except GatedRepoError as error:
        message = f"{uri} asks for an accepted licence. Accept it on the hub and give the pods a token as HF_TOKEN."
        raise WeightsRejectedError(message) from error
    except RevisionNotFoundError as error:
        message = f"{uri} has no revision {revision}. Correct spec.weights.revision."
        raise WeightsRejectedError(message) from error
    except RepositoryNotFoundError as error:
        message = f"{uri} does not exist, or HF_TOKEN may not read it. Correct spec.weights.uri or the token."
        raise WeightsRejectedError(message) from error
    names = [file.rfilename for file in info.siblings or ()]
    ignored = [*UNUSED, *(OLDER_COPIES if any(name.endswith(".safetensors") for name in names) else ())]
    commit = info.sha or revision

    def fetch_into(folder: Path) -> None:
        snapshot_download(repository, revision=commit, local_dir=folder, ignore_patterns=ignored)

    return Source(uri, commit), fetch_into
