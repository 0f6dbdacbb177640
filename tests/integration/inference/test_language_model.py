"""The language model on Ray Serve, as its replicas run it on CPU nodes."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from podwright_bench import generate
from podwright_bench.inference_program import weights
from podwright_bench.quality_transcripts import TEXTS
from podwright_inference.args import LlmArgs
from podwright_local.paths import Cache

AT_ONCE = 16


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """With the engine's defaults of CPU nodes."""
    cache = Cache.from_environment()
    context = {"max_model_len": json.dumps(2048)}
    args = LlmArgs(model_id=generate.MODEL, weights=str(weights(cache, "llm")), cpus=2, engine_args=context)
    log = tmp_path_factory.mktemp("language-model") / "engine.log"
    with log.open("wb") as output, generate.platform(cache, args, output) as url:
        yield url


def test_many_long_requests_with_seeds_at_once_are_all_answered(endpoint: str) -> None:
    """More tokens than a step takes: an engine that divides prompts dies of it."""
    words = " ".join(path.read_text() for path in sorted(TEXTS.glob("en-*"))).split()
    client = openai.OpenAI(base_url=endpoint, api_key="none", max_retries=0, timeout=300)

    def answer(number: int) -> int:
        said = " ".join(words[number * 37 : number * 37 + 900])
        found = client.chat.completions.create(
            model=generate.MODEL,
            messages=[{"role": "user", "content": f"{number}: {said}"}],
            max_tokens=16,
            temperature=0.8,
            seed=number,
        )
        return found.usage.completion_tokens if found.usage else 0

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert all(pool.map(answer, range(AT_ONCE)))
