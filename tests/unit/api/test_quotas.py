"""Limits that replicas share in blocks: never more than the limit, whoever takes what."""

from hypothesis import given
from hypothesis import strategies as st

from podwright_api.accounts.quotas import Quotas

NOW = 1_800_000_000.0


@given(limit=st.integers(1, 5000), replicas=st.integers(1, 4), sent=st.lists(st.integers(0, 3), max_size=400))
def test_together_replicas_let_no_more_through_than_the_limit(limit: int, replicas: int, sent: list[int]) -> None:
    counted = 0
    nodes = [Quotas(limit) for _ in range(replicas)]
    let_through = 0
    for number in sent:
        node = nodes[number % replicas]
        quota = node.take("a", NOW)
        if quota is None:
            counted += node.block
            quota = node.grant("a", counted, NOW)
        let_through += quota.remaining >= 0
        assert quota.limit == limit
        assert quota.remaining < limit
    assert let_through <= limit
    if replicas == 1:
        assert let_through == min(limit, len(sent))


def test_the_next_hour_begins_anew() -> None:
    quotas = Quotas(2)
    assert quotas.grant("a", 1, NOW).remaining == 1
    assert quotas.take("a", NOW) is None
    assert quotas.grant("a", 2, NOW).remaining == 0
    spent = quotas.take("a", NOW)
    assert spent is not None
    assert spent.remaining < 0
    assert quotas.take("a", NOW + 3600) is None
    assert quotas.grant("a", 1, NOW + 3600).remaining == 1


def test_others_are_others() -> None:
    quotas = Quotas(1)
    assert quotas.grant("a", 1, NOW).remaining == 0
    assert quotas.take("b", NOW) is None
