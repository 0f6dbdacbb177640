"""``make bench-quality``: what a model's texts are worth once they are checked. The last line is a JSON object.

Every text that would be published is checked once more here, as it came out: quotes must stand in the transcript word
for word, numbers, names and links in the transcript or the metadata, and no post may be longer than its channel takes.
"""

import argparse
import contextlib
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from podwright_bench.generate import endpoint_args, platform
from podwright_bench.planted import planted
from podwright_bench.quality_transcripts import Case, cases
from podwright_core import claims
from podwright_core.channel_limits import TEXT_RULES, text_problem
from podwright_core.quotes import contains, quoted
from podwright_core.stages import EndpointUse, PostTarget, StageName, StageRequest, StageResult, results_prefix
from podwright_inference import demo_models
from podwright_local import models
from podwright_local.paths import Cache
from podwright_pipeline.engines import Engines
from podwright_pipeline.engines_http import HttpEngines
from podwright_pipeline.engines_local import LocalEngines
from podwright_pipeline.runner import Runner
from podwright_pipeline.store import FolderStore, Storage

NAMESPACE = "bench"
SHOW, LINK = "Bench Radio", "https://bench.example/episode"
#: Transcripts of each size, spread evenly over all kinds; without a number all.
SIZES: dict[str, int | None] = {"small": 4, "middle": 30, "full": None}
#: As often is a stage tried again that its endpoint failed, after so many seconds, as its Job would be.
RETRIES, PAUSE_S = 3, 30
OWN_LIMITS = {"short": 140, "medium": 280}
#: Times that notes add to what is said.
_CLOCK = re.compile(r"(?m)^\d[\d:]* |\(\d[\d:]*\)| \d+/\d+$")


def targets() -> list[PostTarget]:
    """A channel of each type, and two with limits of their own."""
    found = [
        PostTarget(channel=kind, type=kind, max_characters=rule.max_characters) for kind, rule in TEXT_RULES.items()
    ]
    own = [PostTarget(channel=name, type="webhook", max_characters=limit) for name, limit in OWN_LIMITS.items()]
    return [*found, *own]


class Bench:
    def __init__(self, storage: Storage, engines: Engines, endpoint: EndpointUse, out: Path | None) -> None:
        self._storage = storage
        self._runner = Runner(storage, engines, lambda _: None)
        self._endpoint = endpoint
        self._out = out
        self.retries = 0

    def run(self, case: Case) -> dict[str, Any]:
        started = time.monotonic()
        prefix = results_prefix(NAMESPACE, StageName.TRANSCRIBE, case.name)
        document = case.transcript.model_dump_json().encode()
        self._storage.private.write(f"{prefix}/transcript.json", document, "application/json")
        said = StageResult(stage=StageName.TRANSCRIBE, key=case.name, outcome="done", digest=case.name)
        understood = self._stage(StageName.ANALYZE, [said], {"language": case.texts_language})
        params = {
            "title": case.title,
            "show": SHOW,
            "link": LINK,
            "language": case.texts_language,
            "targets": [each.model_dump() for each in targets()],
        }
        written = self._stage(StageName.WRITE, [said, understood], params)
        texts = self._read(written, "texts.json")
        analysis = self._read(understood, "analysis.json")
        seconds = time.monotonic() - started
        problems = check(case, texts, analysis)
        if self._out:
            self._out.mkdir(parents=True, exist_ok=True)
            (self._out / f"{case.name}.json").write_text(
                json.dumps({"texts": texts, "analysis": analysis, "problems": problems}, indent=1, ensure_ascii=False)
            )
        return {"seconds": seconds, "checks": texts["checks"], "analysis": analysis["checks"], "problems": problems}

    def _stage(self, stage: StageName, earlier: list[StageResult], params: dict[str, Any]) -> StageResult:
        request = StageRequest(
            stage=stage,
            namespace=NAMESPACE,
            inputs={result.stage.value: result.key for result in earlier},
            input_digests={result.stage.value: result.digest or "" for result in earlier},
            params=params,
            endpoint=self._endpoint,
        )
        for left in reversed(range(RETRIES + 1)):
            result = self._runner.run(request)
            if result.outcome != "failed" or not left:
                break
            self.retries += 1
            print(f"{stage.value}, in {PAUSE_S} s again: {result.message}", flush=True)
            time.sleep(PAUSE_S)
        if result.outcome != "done":
            sys.exit(f"{stage.value}: {result.message}")
        return result

    def _read(self, result: StageResult, path: str) -> Any:
        data = self._storage.private.read(f"{results_prefix(NAMESPACE, result.stage, result.key)}/{path}")
        return json.loads(data or b"{}")


def check(case: Case, texts: dict[str, Any], analysis: dict[str, Any]) -> dict[str, list[str]]:
    """What is wrong with the texts as they came out."""
    known = claims.sources(case.transcript.language, [case.transcript.text, case.title, SHOW, LINK])
    prose = [texts["title"], texts["notes"], texts["description"], *texts["titles"], *texts["newsletter"].values()]
    prose += [analysis["summary"], *(chapter["title"] for chapter in analysis["chapters"])]
    posts = [(target, text) for target in targets() for text in _texts(texts["posts"][target.channel])]
    language = case.texts_language or case.transcript.language
    unverified = []
    for text in [*prose, *(text for _, text in posts)]:
        bare = _CLOCK.sub("", text)
        for quote in quoted(bare):
            if not contains(case.transcript.text, quote):
                unverified.append(f"quote: {quote}")
            bare = bare.replace(quote, "")
        unverified += [str(claim) for claim in claims.unsupported(bare, known, language=language)]
    for quote in analysis["quotes"]:
        if not contains(case.transcript.text, quote["text"]):
            unverified.append(f"quote: {quote['text']}")
    limits = [problem for target, text in posts if (problem := text_problem(target.type, text, target.max_characters))]
    return {"unverified": unverified, "limits": limits}


def _texts(post: dict[str, Any]) -> list[str]:
    return [post["text"], *post.get("thread", ()), *(other["text"] for other in post.get("alternatives", ()))]


@contextlib.contextmanager
def engines_of(options: argparse.Namespace, scratch: Path) -> Iterator[tuple[Engines, EndpointUse]]:
    """What writes: the platform's endpoint on Ray Serve with the demo's model, or what the options name."""
    cache = Cache.from_environment()
    if options.in_process:
        folder = Path(demo_models.make("gguf", models.folder(cache)))
        engines = LocalEngines(Path("unused"), folder / "model.gguf")
        yield engines, EndpointUse(url="", model_id="SmolLM2-135M-Instruct", model_revision="bench")
    elif options.url:
        yield HttpEngines("none"), EndpointUse(url=options.url, model_id=options.model, model_revision="bench")
    else:
        args = endpoint_args(cache, len(os.sched_getaffinity(0)))
        with (scratch / "engines.log").open("ab") as log, platform(cache, args, log) as url:
            yield HttpEngines("none"), EndpointUse(url=url, model_id=args.model_id, model_revision="bench")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-quality", description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default=os.environ.get("SIZE") or "full")
    parser.add_argument("--url", help="OpenAI-compatible API (up to /v1); by default the demo's model on Ray Serve")
    parser.add_argument("--model", default="demo", help="name of the model there")
    parser.add_argument("--in-process", action="store_true", help="the 135M model in this process, one text at a time")
    parser.add_argument("--at-once", type=int, default=4, help="episodes at a time (default: 4)")
    parser.add_argument("--out", type=Path, help="folder for the texts, to read them")
    options = parser.parse_args()
    everything = cases()
    count = SIZES[options.size] or len(everything)
    chosen = [everything[number * len(everything) // count] for number in range(count)]
    results = []
    with tempfile.TemporaryDirectory() as scratch, engines_of(options, Path(scratch)) as (engines, endpoint):
        root = Path(scratch)
        storage = Storage(FolderStore(root / "private"), FolderStore(root / "public"), "https://bench.example")
        bench = Bench(storage, engines, endpoint, options.out)
        began = time.monotonic()
        with ThreadPoolExecutor(1 if options.in_process else options.at_once) as pool:
            for number, (case, found) in enumerate(zip(chosen, pool.map(bench.run, chosen), strict=True), start=1):
                results.append(found)
                problems = [line for lines in found["problems"].values() for line in lines]
                told = f"{found['seconds']:6.1f} s  {found['checks']}  {problems or 'all verified'}"
                print(f"{number:3}/{len(chosen)} {case.kind:9} {case.name:22} {told}", flush=True)
        seconds = time.monotonic() - began
    totals = Counter(
        {name: sum(found["checks"][name] for found in results) for name in ("checked", "repaired", "replaced")}
    )
    totals.update(
        {name: sum(found["analysis"][name] for found in results) for name in ("checked", "repaired", "replaced")}
    )
    sentences = list(planted())
    inventions = [each.refused for each in sentences if each.invented]
    truths = [each.refused for each in sentences if not each.invented]
    print(
        json.dumps(
            {
                "name": "quality",
                "size": options.size,
                "model": endpoint.model_id,
                "transcripts": len(results),
                "items": totals["checked"],
                "unverified": sum(len(found["problems"]["unverified"]) for found in results),
                "planted_inventions": len(inventions),
                "planted_found": sum(inventions),
                "true_sentences": len(truths),
                "true_refused": sum(truths),
                "limit_violations": sum(len(found["problems"]["limits"]) for found in results),
                "repaired": totals["repaired"],
                "replaced": totals["replaced"],
                "s_per_episode": round(seconds / len(results), 1),
                "s_from_first_to_last_text": round(sum(found["seconds"] for found in results) / len(results), 1),
                "at_once": options.at_once,
                "retries": bench.retries,
            }
        )
    )


if __name__ == "__main__":
    main()
