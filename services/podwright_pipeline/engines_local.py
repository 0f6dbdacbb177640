"""Models inside this process: faster-whisper for speech, llama.cpp (package xllamacpp) for text.

Models are folders or files on disk, or names on the Hugging Face hub with an optional revision:
``Systran/faster-whisper-small@REVISION``, ``OWNER/REPO:FILE.gguf@REVISION``.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from podwright_core.languages import LANGUAGE_NAMES, language_code, whisper_code
from podwright_core.speech_guards import Confidence
from podwright_core.stages import EndpointUse
from podwright_core.transcript import Segment, Word
from podwright_pipeline.engines import CHOOSE_LANGUAGE, Speech
from podwright_pipeline.errors import RejectedError, TemporaryError
from podwright_writing.writer import Completion, Message

logger = logging.getLogger(__name__)

# Threads that wait must not spin: measured on two cores shared with other work, llama.cpp writes 28 tokens a second so,
# and 1.5 with the default. The OpenMP library reads this when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

_CONTEXT_TOKENS = 4096
_DIGESTED_EDGE = 1 << 20


class LocalTranscriber:
    """faster-whisper on the CPU (int8) or, where CTranslate2 finds one, on a GPU."""

    concurrency = 1

    def __init__(self, model: Path) -> None:
        self._model = model

    @cached_property
    def _loaded(self) -> Any:
        try:
            from faster_whisper import WhisperModel  # noqa: PLC0415 (slow, in the extra 'engines')
        except ImportError as error:
            raise _not_installed("faster-whisper", error, "--speech-url") from error

        logger.info("loading the speech model %s", self._model)
        compute = "default" if _has_gpu() else "int8"
        try:
            return WhisperModel(str(self._model), compute_type=compute, cpu_threads=_cores())
        except (RuntimeError, ValueError, OSError) as error:
            raise _no_model(self._model, "a folder with a model of faster-whisper", error) from error

    def transcribe(self, audio: Path, *, language: str | None, prompt: str | None) -> Speech:
        code = whisper_code(language) if language else None
        if code is not None and code not in LANGUAGE_NAMES:
            raise RejectedError(f"the speech model knows no language '{language}'. {CHOOSE_LANGUAGE}")
        segments, info = self._loaded.transcribe(
            str(audio),
            language=code,
            initial_prompt=prompt,
            word_timestamps=True,
            vad_filter=True,
            condition_on_previous_text=False,
        )
        heard = [
            (
                Segment(
                    text=segment.text.strip(),
                    start=segment.start,
                    end=segment.end,
                    words=tuple(
                        Word(text=word.word.strip(), start=word.start, end=word.end) for word in segment.words or ()
                    ),
                ),
                Confidence(segment.no_speech_prob, segment.avg_logprob, segment.compression_ratio),
            )
            for segment in segments
        ]
        return Speech(language or language_code(info.language), heard)


class LocalWriter:
    """A GGUF model."""

    concurrency = 1
    context_tokens = _CONTEXT_TOKENS

    def __init__(self, model: Path) -> None:
        self._model = model
        self._lock = threading.Lock()

    @cached_property
    def _loaded(self) -> Any:
        try:
            import xllamacpp  # noqa: PLC0415 (in the extra 'engines')
        except ImportError as error:
            raise _not_installed("llama.cpp", error, "--text-url") from error

        logger.info("loading the language model %s", self._model)
        params = xllamacpp.CommonParams()
        params.model.path = str(self._model)
        params.n_ctx = _CONTEXT_TOKENS
        params.n_parallel = 1
        params.cpuparams.n_threads = _cores()
        params.verbosity = -1
        try:
            return xllamacpp.Server(params)
        except (RuntimeError, ValueError, OSError) as error:
            raise _no_model(self._model, "a GGUF file", error) from error

    def complete(
        self, messages: Sequence[Message], *, schema: dict[str, Any], max_tokens: int, temperature: float, seed: int
    ) -> Completion:
        request = {
            "messages": [message.model_dump() for message in messages],
            "max_tokens": max_tokens,
            "temperature": temperature,
            "seed": seed,
            "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
        }
        with self._lock:
            answer = self._loaded.handle_chat_completions(request)
        if "choices" not in answer:
            raise TemporaryError(f"the language model failed: {str(answer)[:300]}")
        usage = answer.get("usage") or {}
        return Completion(
            str(answer["choices"][0]["message"]["content"] or ""),
            int(usage.get("prompt_tokens", 0)),
            int(usage.get("completion_tokens", 0)),
        )


class LocalEngines:
    """Models that are loaded when the first stage needs them; an endpoint's ``model_id`` is not looked at."""

    def __init__(self, speech: Path, text: Path) -> None:
        self._transcriber = LocalTranscriber(speech)
        self._writer = LocalWriter(text)

    def transcriber(self, endpoint: EndpointUse | None) -> LocalTranscriber:  # noqa: ARG002 (the protocol's)
        return self._transcriber

    def writer(self, endpoint: EndpointUse | None) -> LocalWriter:  # noqa: ARG002 (the protocol's)
        return self._writer


def _not_installed(engine: str, error: ImportError, instead: str) -> RejectedError:
    return RejectedError(
        f"{engine} cannot be loaded ({error}). Install podwright[engines] and the system's libgomp1, or give {instead}."
    )


def _no_model(model: Path, wanted: str, error: Exception) -> RejectedError:
    return RejectedError(f"{model} is not {wanted}, or is not whole: {error}")


def speech_model(name: str) -> Path:
    """The folder of a speech model: a path, or a name on the hub that is fetched once."""
    if Path(name).exists():
        return Path(name)
    repository, _, revision = name.partition("@")
    return Path(_from_hub(name, lambda hub: hub.snapshot_download(repository, revision=revision or None)))


def text_model(name: str) -> Path:
    """The GGUF file of a language model: a path (of the file, or of a folder with one), or a name on the hub."""
    path = Path(name)
    if path.is_dir():
        found = sorted(path.glob("*.gguf"))
        if not found:
            raise RejectedError(f"{path} has no .gguf file.")
        return found[0]
    if path.exists():
        return path
    place, _, revision = name.partition("@")
    repository, _, file = place.partition(":")
    if not file:
        raise RejectedError(f"{name}: say which file, as in OWNER/REPO:FILE.gguf.")
    return Path(_from_hub(name, lambda hub: hub.hf_hub_download(repository, file, revision=revision or None)))


def _from_hub(name: str, download: Callable[[Any], str]) -> str:
    try:
        import huggingface_hub  # noqa: PLC0415 (comes with faster-whisper)
    except ImportError as error:
        raise _not_installed("the hub's client", error, "a path") from error
    try:
        return str(download(huggingface_hub))
    except (OSError, ValueError) as error:
        raise RejectedError(
            f"the model {name} is neither a path nor to be had from the hub: {str(error).splitlines()[0]}"
        ) from error


def model_revision(model: Path) -> str:
    """A digest that tells models apart: names and sizes of the files, and the edges of their contents."""
    digest = hashlib.sha256()
    for file in sorted(model.rglob("*")) if model.is_dir() else [model]:
        if not file.is_file() or file.name.startswith("."):
            continue
        size = file.stat().st_size
        digest.update(f"{file.name}:{size};".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(_DIGESTED_EDGE))
            stream.seek(max(size - _DIGESTED_EDGE, 0))
            digest.update(stream.read(_DIGESTED_EDGE))
    return digest.hexdigest()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _has_gpu() -> bool:
    import ctranslate2  # noqa: PLC0415 (comes with faster-whisper)

    return bool(ctranslate2.get_cuda_device_count() > 0)
