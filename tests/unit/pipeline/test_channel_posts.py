"""Posts are composed of what their channel takes."""

import pytest

from podwright_core.channel_limits import TEXT_RULES, text_problem
from podwright_core.stages import PostTarget
from podwright_core.texts import SpokenQuote
from podwright_pipeline.stages.write import Author, WriteParams
from tests.unit.pipeline.test_composing import Telling
from tests.unit.pipeline.test_remark import ANALYSIS, TRANSCRIPT

QUOTE = SpokenQuote(text="Three is < four.", start=0, end=2)


@pytest.mark.parametrize("channel", sorted(TEXT_RULES))
def test_a_post_has_no_character_that_its_channel_refuses(channel: str) -> None:
    author = Author(WriteParams(title="Rust <3 C++", show="a > b"), TRANSCRIPT, ANALYSIS, Telling(""))
    target = PostTarget(channel=channel, type=channel, max_characters=100)
    post = author._composed("Why x > y?", [QUOTE], target)
    assert text_problem(channel, post.text, 100) is None
    assert post.quote is not None
    assert post.quote.text in post.text
