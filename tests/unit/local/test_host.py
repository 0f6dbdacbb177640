from pathlib import Path

import pytest

from podwright_local import host
from podwright_local.commands import LocalError


def test_a_full_disk_is_told_before_anything_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setattr(host, "LEAST_SPACE", 1)
    host.require_space(cache)
    monkeypatch.setattr(host, "LEAST_SPACE", 2**62)
    with pytest.raises(LocalError, match=r"free below .*/cache.*PODWRIGHT_CACHE=/another/place"):
        host.require_space(cache)
