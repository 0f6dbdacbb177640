"""Two seeds a platform of what ``make chaos-publish`` does for hundreds."""

import pytest

from podwright_publish.capabilities import capabilities_of
from tests.integration.publish.chaos import FAKES, run_chaos
from tests.integration.publish.fakes.connected import spec_of
from tests.integration.publish.fakes.platform import Fake


@pytest.mark.parametrize("made", FAKES, ids=lambda made: str(made.kind))
@pytest.mark.parametrize("seed", range(2))
async def test_nothing_is_lost_and_nothing_doubled(made: type[Fake], seed: int) -> None:
    outcome = await run_chaos(made, seed)
    assert (outcome.lost, outcome.doubled, outcome.open) == (0, 0, 0)
    if capabilities_of(spec_of(made())).can_find:
        assert outcome.held == 0
