"""Settings name the variable that is wrong."""

from pathlib import Path

import pytest

from podwright_api.settings import AccountSettings, Retention, Settings, SettingsError

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


ACCOUNTS = {
    "PODWRIGHT_API_TOKEN": TOKEN,
    "PODWRIGHT_DATABASE_URL": "postgresql://a:b@c/d",
    "PODWRIGHT_API_SIGNING_KEYS": "s" * 32,
    "PODWRIGHT_API_ENCRYPTION_KEYS": "e" * 32,
}
PROVIDER = '{"name": "corp", "issuer": "https://id.example.org", "clientId": "podwright"}'


def test_providers_and_targets_of_webhooks() -> None:
    accounts = Settings.read(
        ACCOUNTS
        | {
            "PODWRIGHT_API_OIDC_PROVIDERS": f"[{PROVIDER}]",
            "PODWRIGHT_API_WEBHOOKS_ALLOW": "hooks.corp.example,10.1.0.0/16",
            "PODWRIGHT_API_PUBLIC_URL": "https://console.example.org/",
        }
    ).accounts
    assert accounts is not None
    assert accounts.oidc[0].scopes == ("openid", "email", "profile")
    assert accounts.webhook_egress.names("hooks.corp.example")
    assert accounts.api_url == "https://console.example.org"


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("PODWRIGHT_API_OIDC_PROVIDERS", "{", "Invalid JSON"),
        ("PODWRIGHT_API_OIDC_PROVIDERS", f"[{PROVIDER}, {PROVIDER}]", "same name"),
        ("PODWRIGHT_API_OIDC_PROVIDERS", f"[{PROVIDER.replace('https', 'http')}]", "https:// address"),
        ("PODWRIGHT_API_OIDC_PROVIDERS", f'[{PROVIDER[:-1]}, "scopes": ["email"]}}]', "scope openid"),
        ("PODWRIGHT_API_WEBHOOKS_ALLOW", "a/b", "PODWRIGHT_API_WEBHOOKS_ALLOW"),
    ],
)
def test_what_is_wrong_about_them_is_named(variable: str, value: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        Settings.read(ACCOUNTS | {variable: value})


def test_how_long_what_is_kept() -> None:
    accounts = AccountSettings.read(ACCOUNTS)
    assert accounts
    assert accounts.retention == Retention(audit_days=90, events_days=90, ended_days=30, analytics_days=730)
    accounts = AccountSettings.read(ACCOUNTS | {"PODWRIGHT_API_KEEP_AUDIT_DAYS": "365"})
    assert accounts
    assert accounts.retention.audit_days == 365
    # The database would refuse it.
    with pytest.raises(SettingsError, match="PODWRIGHT_API_KEEP_AUDIT_DAYS"):
        AccountSettings.read(ACCOUNTS | {"PODWRIGHT_API_KEEP_AUDIT_DAYS": "29"})
