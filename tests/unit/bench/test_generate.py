"""What the rounds of `make bench-generate` come to, and that no request repeats another's material."""

from itertools import chain

from podwright_bench.generate import CONCURRENCY, MATERIAL, SIZES, SYSTEM, Round, chats, figures


def test_figures_are_means_of_rounds_and_the_ratio_is_that_at_the_highest_concurrency() -> None:
    rounds = {
        **{f"serve_{each}": [Round(10, 100 * each, 900), Round(10, 300 * each, 1100)] for each in CONCURRENCY},
        **{f"offline_{each}": [Round(5, 125 * each, 900)] for each in CONCURRENCY},
        "streamed_1": [Round(1, 10, 9, first=(0.05,))],
        "streamed_32": [Round(10, 4000, 9, first=(0.1, 0.2)), Round(10, 4000, 9, first=(0.9,))],
    }
    assert figures(rounds) == {
        "tokens_per_s_1": 20.0,
        "tokens_per_s_8": 160.0,
        "tokens_per_s_32": 640.0,
        "offline_tokens_per_s_1": 25.0,
        "offline_tokens_per_s_8": 200.0,
        "offline_tokens_per_s_32": 800.0,
        "streamed_tokens_per_s_1": 10.0,
        "streamed_tokens_per_s_32": 400.0,
        "ratio_to_offline": 0.8,
        "streamed_ratio_to_offline": 0.5,
        "ttft_ms_p50": 200.0,
        "ttft_ms_p50_alone": 50.0,
        "prompt_tokens": 1000,
    }


def test_requests_share_their_system_prompt_and_nothing_else() -> None:
    most = max(count * turns for size in SIZES.values() for count, turns in size.turns.items())
    asked = list(chain(chats(most, 1), chats(most, 2)))
    assert {chat[0]["content"] for chat in asked} == {SYSTEM}
    beginnings = [chat[1]["content"][:40] for chat in asked]
    assert len(set(beginnings)) == len(asked)
    assert all(MATERIAL <= len(chat[1]["content"]) < MATERIAL + 150 for chat in asked)
