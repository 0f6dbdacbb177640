"""Stage requests as the operator builds them."""

from typing import Any

from podwright_core.stages import EndpointUse, StageName, StageRequest, StageResult
from podwright_pipeline.engines import Engines, Transcriber
from podwright_writing.writer import Writer

NAMESPACE = "demo"
ENDPOINT = EndpointUse(url="http://127.0.0.1:9/v1", model_id="model", model_revision="1")


def ingest(url: str, **params: Any) -> StageRequest:
    return StageRequest(
        stage=StageName.INGEST,
        namespace=NAMESPACE,
        inputs={"media": url},
        input_digests={"media": url},
        params={"sha256": None} | params,
    )


def after(stage: StageName, *earlier: StageResult, endpoint: EndpointUse = ENDPOINT, **params: Any) -> StageRequest:
    return StageRequest(
        stage=stage,
        namespace=NAMESPACE,
        inputs={result.stage.value: result.key for result in earlier},
        input_digests={result.stage.value: result.digest or "" for result in earlier},
        params=params,
        endpoint=endpoint,
    )


class NoEngines(Engines):
    """For stages that must not ask a model."""

    def transcriber(self, endpoint: EndpointUse | None) -> Transcriber:
        raise AssertionError(endpoint)

    def writer(self, endpoint: EndpointUse | None) -> Writer:
        raise AssertionError(endpoint)
