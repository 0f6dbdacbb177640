"""What ``podwright run`` asks of the stages."""

import pytest

from podwright_core.channel_limits import TEXT_RULES
from podwright_core.stages import StageName, StageRequest
from podwright_pipeline.local_run import _with_cover, post_targets

WRITE = StageRequest(stage=StageName.WRITE, namespace="local", params={"title": "Rye"})


@pytest.mark.parametrize(
    ("posts", "expected"),
    [
        ((), [("post", TEXT_RULES["webhook"].max_characters), ("short", 280)]),
        (("x:1",), [("x", 1)]),
        (("long", "x:280"), [("long", TEXT_RULES["webhook"].max_characters), ("x", 280)]),
    ],
)
def test_posts_by_name_and_limit(posts: tuple[str, ...], expected: list[tuple[str, int]]) -> None:
    assert [(target.channel, target.max_characters) for target in post_targets(posts)] == expected


@pytest.mark.parametrize("post", ["x:0", "x:-1", "x:", ":280", "x:1:2", "", "x:1e3", "x:" + "9" * 5000])
def test_what_is_no_post_is_refused(post: str) -> None:
    with pytest.raises(ValueError, match="as in short:280"):
        post_targets([post])


def test_another_cover_makes_the_file_anew() -> None:
    keys = {WRITE.key, *(_with_cover(WRITE, "file:///cover.png", digest).key for digest in ("1", "2"))}
    assert len(keys) == 3
    assert _with_cover(WRITE, "file:///cover.png", "1").params["file"] == {"artwork": "file:///cover.png"}
