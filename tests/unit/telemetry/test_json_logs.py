import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwright_telemetry.json_logs import FACTS, MASK, JsonFormatter, about, conceal, masked


@pytest.fixture
def logged() -> Iterator[tuple[logging.Logger, Any]]:
    """A logger, and what it wrote so far."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger(__name__)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield logger, lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)


def test_a_line_says_what_it_is_about_also_in_tasks_side_by_side(logged: Any) -> None:
    logger, lines = logged

    async def look(name: str) -> None:
        with about(kind="Episode", name=name), about(reconcileId=f"of-{name}"):
            logger.info("begins")
            await asyncio.sleep(0)
            await asyncio.to_thread(logger.info, "in a thread")

    async def both() -> None:
        await asyncio.gather(look("one"), look("two"))
        logger.info("nothing in particular", extra={FACTS: {"post": "p"}})

    asyncio.run(both())
    found = lines()
    assert len(found) == 5
    for line in found[:4]:
        assert line["reconcileId"] == f"of-{line['name']}"
        assert line["kind"] == "Episode"
        assert line["time"].endswith("+00:00")
    assert found[4]["post"] == "p"
    assert not {"name", "reconcileId"} & found[4].keys()


SECRET = 'correct "horse" battery/€+'


def test_concealed_values_show_nowhere_in_a_line(logged: Any) -> None:
    logger, lines = logged
    conceal([SECRET, "short"])
    logger.error("with %s", SECRET, exc_info=ValueError(SECRET), extra={FACTS: {"answer": {"echo": [SECRET]}}})
    (line,) = lines()
    assert line["message"] == f"with {MASK}"
    assert line["answer"] == {"echo": [MASK]}
    assert "horse" not in json.dumps(line)
    assert "ValueError" in line["exception"]
    assert masked("a short word") == "a short word"


def test_a_secret_that_is_a_word_does_not_hide_what_a_line_is_about(logged: Any) -> None:
    logger, lines = logged
    conceal(["workshop"])
    with about(namespace="workshop"):
        logger.info("in the workshop")
    (line,) = lines()
    assert (line["namespace"], line["message"]) == ("workshop", f"in the {MASK}")


@pytest.mark.parametrize(
    ("told", "hidden"),
    [
        ("Authorization: Bearer abcdef123456", "abcdef123456"),
        ("{'Authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
        ("postgresql://podwright:hunter22@db:5432/x", "hunter22"),
        ("GET https://b.example/a?X-Amz-Signature=0a1b2c&X-Amz-Date=1", "0a1b2c"),
        ('{"password": "hunter22"}', "hunter22"),
        ("client_secret=hunter22&grant_type=x", "hunter22"),
        ("no letter to ada.lovelace+pod@mail.example.org: refused", "lovelace"),
        ("mailto:ada@example.org", "ada@"),
        ("the key pwk_hJ0sAAAA-bbbb_cc was refused", "hJ0s"),
        ("signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
    ],
)
def test_what_looks_like_a_credential_is_masked(told: str, hidden: str) -> None:
    assert hidden not in masked(told)
    assert MASK in masked(told)


@pytest.mark.parametrize(
    "told",
    [
        "Episode/shows/one: the API server does not answer; again in 1.0 s",
        "Waiting for Secret podwright-storage with PODWRIGHT_S3_BUCKET and the other storage settings",
        "s3://podwright/uploads/one.wav does not exist",
        "http://ears-serve-svc.shows.svc:8000/v1 answered 500",
        "signed in as @podwright@social.example.org",
        "image podwright@sha256:0a1b is podwright@0.1.0",
    ],
)
def test_other_sentences_stay(told: str) -> None:
    assert masked(told) == told


@given(st.text(), st.text(min_size=8))
def test_masking_leaves_no_concealed_value(around: str, secret: str) -> None:
    conceal([secret])
    if len(secret.strip()) >= 8:
        assert secret.strip() not in masked(around + secret + around).replace(MASK, "")
