"""OpenAI's transcription API over a `SpeechEngine`, as a FastAPI application.

Each request has a thread, so the event loop stays free for health checks and uploads; a request that finds all threads
busy waits. A request whose client has gone away is given up.
"""

import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, File, Form, Request, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from podwright_core.languages import whisper_code
from podwright_inference.body_limit import BodyLimit
from podwright_inference.connections import OneRequestAConnection
from podwright_inference.openai_errors import ApiError, answer, install_error_handlers
from podwright_inference.running_transcription import (
    CLIENT_CLOSED_REQUEST,
    ClientGoneError,
    RunningTranscription,
    unless_gone,
)
from podwright_inference.speech import EngineFailedError, SpeechEngine, SpeechRequest
from podwright_inference.transcription_formats import (
    Granularity,
    ResponseFormat,
    Transcription,
    json_answer,
    plain,
    verbose_answer,
)

LARGEST_UPLOAD = 2 << 30
"""Bytes of a request. Sixteen hours of what the ingest stage makes (16 kHz, 16 bit, mono)."""


@dataclass(frozen=True)
class ServedModel:
    """An engine under the name by which clients ask for it."""

    model_id: str
    engine: SpeechEngine
    parallel_requests: int = 4
    largest_upload: int = LARGEST_UPLOAD


def transcription_api(served: ServedModel) -> FastAPI:
    """The application; it answers until its process ends."""
    app = FastAPI(title="Podwright transcription", docs_url=None, redoc_url=None)
    install_error_handlers(app)
    app.add_middleware(BodyLimit, largest=served.largest_upload)
    app.add_middleware(OneRequestAConnection)
    threads = ThreadPoolExecutor(served.parallel_requests, thread_name_prefix="transcribe")
    started = int(time.time())
    card = {"id": served.model_id, "object": "model", "created": started, "owned_by": "podwright"}

    @app.get("/health")
    async def health() -> Response:
        try:
            served.engine.check_health()
        except EngineFailedError as error:
            return answer(HTTPStatus.SERVICE_UNAVAILABLE, str(error), code="engine_failed")
        return JSONResponse({"status": "ok", "model": served.model_id})

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [card]}

    @app.get("/v1/models/{model:path}")
    async def model_card(model: str) -> dict[str, Any]:
        _check_model(served, model)
        return card

    @app.post("/v1/audio/transcriptions")
    async def transcriptions(  # noqa: PLR0913 - the fields of OpenAI's request
        http: Request,
        file: Annotated[UploadFile, File()],
        model: Annotated[str, Form()],
        *,
        language: Annotated[str | None, Form()] = None,
        prompt: Annotated[str | None, Form()] = None,
        response_format: Annotated[ResponseFormat, Form()] = ResponseFormat.JSON,
        temperature: Annotated[float, Form(ge=0, le=1)] = 0,
        granularities: Annotated[list[Granularity] | None, Form(alias="timestamp_granularities[]")] = None,
        stream: Annotated[bool, Form()] = False,
    ) -> Response:
        _check_model(served, model)
        _check_stream(stream, response_format)
        request = SpeechRequest(_checked_language(served.engine.languages, language), prompt or None, temperature)
        _check_not_empty(file)
        running = RunningTranscription(served.engine.transcribe(file.file, request), file.filename or "sent")
        running.start(threads)
        try:
            if stream:
                await unless_gone(http, running.first_result())
                return StreamingResponse(running.events(), media_type="text/event-stream")
            transcription = await unless_gone(http, running.finished())
        except ClientGoneError:
            running.cancel()
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        except BaseException:
            running.cancel()
            raise
        return _response(transcription, response_format, frozenset(granularities or [Granularity.SEGMENT]))

    return app


def _response(transcription: Transcription, form: ResponseFormat, granularities: frozenset[Granularity]) -> Response:
    if form is ResponseFormat.JSON:
        return JSONResponse(json_answer(transcription))
    if form is ResponseFormat.VERBOSE_JSON:
        return JSONResponse(verbose_answer(transcription, granularities))
    text, media_type = plain(transcription, form)
    return PlainTextResponse(text, media_type=media_type)


def _check_model(served: ServedModel, model: str) -> None:
    if model != served.model_id:
        message = f"The model `{model}` does not exist; this endpoint serves `{served.model_id}`."
        raise ApiError(HTTPStatus.NOT_FOUND, message, param="model", code="model_not_found")


def _checked_language(known: Collection[str], language: str | None) -> str | None:
    if not language:
        return None
    code = whisper_code(language)
    if code not in known:
        message = (
            f"Invalid language '{language}'. It must be the code of a language that the model knows, such as 'en'."
        )
        raise ApiError(HTTPStatus.BAD_REQUEST, message, param="language", code="invalid_language_format")
    return code


def _check_stream(stream: bool, form: ResponseFormat) -> None:
    if stream and form is not ResponseFormat.JSON and form is not ResponseFormat.TEXT:
        message = f"A stream has the formats json and text, not {form}."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, param="stream", code="unsupported_value")


def _check_not_empty(file: UploadFile) -> None:
    if not file.size:
        raise ApiError(HTTPStatus.BAD_REQUEST, "The file is empty.", param="file", code="invalid_audio")
