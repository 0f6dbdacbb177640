"""``make chaos-publish``: every step of the publication protocol taken away at random, hundreds of times a platform.

The real publisher and the real channel modules; pods, the API server and the platforms fail by a seeded dice. The
platforms are contract fakes, which answer late, with errors after success, with silence before and after, with 429. The
last line is one JSON object; the exit code is 1 where a post was lost, doubled or left open.
"""

import argparse
import asyncio
import json
import logging
import sys
import time
from collections import Counter

from tests.integration.publish.chaos import FAKES, POSTS, Outcome, run_chaos


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def _rounds(rounds: int, first_seed: int) -> list[tuple[str, Outcome]]:
    found: list[tuple[str, Outcome]] = []
    for made in FAKES:
        outcomes = [await run_chaos(made, first_seed + number) for number in range(rounds)]
        found += [(str(made.kind), outcome) for outcome in outcomes]
        told = _totals(outcomes)
        say(f"{made.kind}: " + ", ".join(f"{count} {what}" for what, count in told.items()))
    return found


def _totals(outcomes: list[Outcome]) -> dict[str, int]:
    return {
        "attempts": sum(outcome.attempts for outcome in outcomes),
        "faults": sum(outcome.faults.total() for outcome in outcomes),
        "lost": sum(outcome.lost for outcome in outcomes),
        "doubled": sum(outcome.doubled for outcome in outcomes),
        "held": sum(outcome.held for outcome in outcomes),
        "open": sum(outcome.open for outcome in outcomes),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos-publish")
    parser.add_argument("--rounds", type=int, default=100, help="rounds a platform, each of 6 posts (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="of the first round; the next ones count on")
    wanted = parser.parse_args()
    logging.disable(logging.CRITICAL)
    begun = time.monotonic()
    found = asyncio.run(_rounds(wanted.rounds, wanted.seed))
    outcomes = [outcome for _, outcome in found]
    totals = _totals(outcomes)
    kinds: Counter[str] = sum((outcome.faults for outcome in outcomes), Counter())
    figures = {
        "bench": "chaos-publish",
        "platforms": len(FAKES),
        "rounds": len(outcomes),
        "posts": POSTS * len(outcomes),
        **totals,
        "faultsByKind": dict(sorted(kinds.items())),
        "seed": wanted.seed,
        "seconds": round(time.monotonic() - begun, 1),
    }
    say(json.dumps(figures))
    return 1 if totals["lost"] or totals["doubled"] or totals["open"] else 0


if __name__ == "__main__":
    sys.exit(main())
