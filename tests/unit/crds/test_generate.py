from pathlib import Path

import pytest
import yaml

from podwright_crds import generate
from podwright_crds.kinds import KINDS
from podwright_crds.podcast import Podcast


def test_the_charts_definitions_are_current() -> None:
    assert generate.outdated(generate.CHART_CRDS) == []


def test_written_files_are_current_and_nothing_else_stays(tmp_path: Path) -> None:
    (tmp_path / "gadgets.yaml").write_text("left over")
    assert len(generate.outdated(tmp_path)) == len(KINDS) + 1

    generate.write(tmp_path)
    assert generate.outdated(tmp_path) == []
    assert not (tmp_path / "gadgets.yaml").exists()

    (tmp_path / "posts.yaml").write_text("by hand")
    assert generate.outdated(tmp_path) == ["posts.yaml: not current"]


def test_check_changes_nothing_and_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check", "--folder", str(tmp_path)]) == 1
    assert "podcasts.yaml: missing; run make generate" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert generate.main(["--folder", str(tmp_path)]) == 0
    assert generate.main(["--check", "--folder", str(tmp_path)]) == 0


def test_printed_manifests_are_plain(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--print"]) == 0
    documents = list(yaml.safe_load_all(capsys.readouterr().out))
    assert [document["spec"]["names"]["kind"] for document in documents] == [kind.KIND for kind in KINDS]


def test_a_template_that_helm_would_misread_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Podcast, "SHORT", "{{ x }}")
    with pytest.raises(ValueError, match="Podcast"):
        generate.chart_template(Podcast)
