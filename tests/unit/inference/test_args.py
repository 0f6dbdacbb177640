import pytest
from pydantic import ValidationError

from podwright_inference.args import LlmArgs, WhisperArgs


def test_the_operators_names_are_accepted() -> None:
    args = LlmArgs.model_validate(
        {
            "model_id": "writer",
            "weights": "/models",
            "engine_args": {"max_model_len": "2048"},
            "cpus": 1.5,
            "gpus": 0,
            "min_replicas": 1,
            "max_replicas": 3,
            "target_ongoing_requests": 8,
        }
    )
    assert args.deployment_options["autoscaling_config"] == {
        "min_replicas": 1,
        "max_replicas": 3,
        "target_ongoing_requests": 8,
    }
    assert args.deployment_options["max_ongoing_requests"] > args.target_ongoing_requests


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValidationError, match="replicas"):
        LlmArgs.model_validate({"model_id": "writer", "weights": "/models", "replicas": 2})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2048", 2048),
        ("0.9", 0.9),
        ("true", True),
        ("False", False),
        ("bfloat16", "bfloat16"),
        ("/some/path", "/some/path"),
        ('{"backend": "xgrammar"}', {"backend": "xgrammar"}),
        ('"123"', "123"),
        ("", ""),
    ],
)
def test_engine_arguments_get_their_types(text: str, value: object) -> None:
    args = LlmArgs(model_id="writer", weights="/models", engine_args={"max-model-len": text})
    assert args.engine_kwargs == {"max_model_len": value}


def test_whisper_settings_come_from_strings() -> None:
    settings = WhisperArgs(
        model_id="w", weights="/models", engine_args={"compute_type": "int8", "beam_size": "3", "vad_filter": "false"}
    ).settings
    assert (settings.compute_type, settings.beam_size, settings.vad_filter) == ("int8", 3, False)


@pytest.mark.parametrize("engine_args", [{"beam": "3"}, {"beam_size": "many"}])
def test_whisper_settings_name_what_is_wrong(engine_args: dict[str, str]) -> None:
    args = WhisperArgs(model_id="w", weights="/models", engine_args=engine_args)
    with pytest.raises(ValidationError, match=next(iter(engine_args))):
        _ = args.settings


@pytest.mark.parametrize(("cpus", "threads"), [(0.25, 1), (1, 1), (2, 2), (3.7, 3)])
def test_threads_fit_into_the_cores(cpus: float, threads: int) -> None:
    assert WhisperArgs(model_id="w", weights="/models", cpus=cpus).threads == threads
