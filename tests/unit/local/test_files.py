"""A file is there whole or not at all."""

from pathlib import Path

import pytest

from podwright_local.files import write_whole
from podwright_local.social import ServerSecrets
from podwright_local.storage import Credentials


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "secrets.json"
    write_whole(file, "one", mode=0o600)
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "\ud800")
    assert file.read_text() == "one"
    write_whole(file, "two", mode=0o600)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("two", 0o600)
    assert [path.name for path in file.parent.iterdir()] == ["secrets.json"]


@pytest.mark.parametrize("kind", [Credentials, ServerSecrets])
def test_a_start_that_ended_while_it_made_secrets_can_be_repeated(
    kind: type[Credentials] | type[ServerSecrets], tmp_path: Path
) -> None:
    file = tmp_path / "secrets.json"
    (tmp_path / "secrets.json.new").write_text('{"half')
    made = kind.ensure(file)
    assert kind.ensure(file) == made
