"""Settings name the variable that is wrong."""

from pathlib import Path

import pytest

from podwright_api.settings import Settings, SettingsError

TOKEN = "a-token-of-some-length"


def test_defaults() -> None:
    settings = Settings.read({"PODWRIGHT_API_TOKEN": TOKEN})
    assert settings.namespaces == ("default",)
    assert settings.port == 8000
    assert settings.kubeconfig is None
    assert TOKEN not in repr(settings)


def test_namespaces_are_a_list_whose_first_is_the_default() -> None:
    settings = Settings.read({"PODWRIGHT_API_TOKEN": TOKEN, "PODWRIGHT_API_NAMESPACES": "team-a, team-b,"})
    assert settings.namespaces == ("team-a", "team-b")


def test_a_token_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    settings = Settings.read({"PODWRIGHT_API_TOKEN_FILE": str(file)})
    assert settings.token.current() == TOKEN
    file.write_text("another-token-of-some-length")
    assert settings.token.current() == "another-token-of-some-length"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "PODWRIGHT_API_TOKEN"),
        ({"PODWRIGHT_API_TOKEN": "short"}, "PODWRIGHT_API_TOKEN"),
        ({"PODWRIGHT_API_TOKEN_FILE": "/nowhere/token"}, "PODWRIGHT_API_TOKEN_FILE"),
        ({"PODWRIGHT_API_TOKEN": TOKEN, "PODWRIGHT_API_PORT": "eighty"}, "PODWRIGHT_API_PORT"),
        (
            {"PODWRIGHT_API_TOKEN": TOKEN, "PODWRIGHT_API_UPLOAD_EXPIRY_SECONDS": "5"},
            "PODWRIGHT_API_UPLOAD_EXPIRY_SECONDS",
        ),
    ],
)
def test_what_is_wrong_is_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        Settings.read(environment)
