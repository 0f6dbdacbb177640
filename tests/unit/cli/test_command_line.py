"""Help, errors without a cluster, and what is imported when."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from podwright_cli.cluster import failure_of, readable
from podwright_cli.commands import VARIABLE, cli
from podwright_cli.errors import CliError, ConflictError, ForbiddenError, NotFoundError
from podwright_crds.episode import Episode
from tests.unit.cli.objects import episode

COMMANDS = [
    *("status", "explain", "plan", "submit", "approve", "reject", "retry", "logs"),
    *("run", "compose", "import", "backup", "restore", "completion"),
]


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    """Without any cluster."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return CliRunner()


def test_help_lists_every_command(runner: CliRunner) -> None:
    told = runner.invoke(cli, ["--help"])
    assert told.exit_code == 0
    assert list(cli.commands) == COMMANDS
    for name in COMMANDS:
        assert f"  {name} " in told.output
    assert "..." not in told.output.split("Commands:")[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_explained(runner: CliRunner, name: str) -> None:
    told = runner.invoke(cli, [name, "--help"])
    assert told.exit_code == 0, told.output
    command = cli.commands[name]
    options = [param for param in command.params if isinstance(param, click.Option)]
    assert all(option.help for option in options)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["status"], 1, "There is no cluster to ask"),
        (["status", "--kubeconfig", "/nowhere"], 1, "There is no cluster to ask"),
        (["explain"], 2, "Missing argument"),
        (["explain", "epsiode/a"], 2, "did you mean episode?"),
        (["explain", "episode"], 2, "write episode/NAME"),
        (["approve", "episode/a"], 2, "post/NAME or campaign/NAME"),
        (["run", "talk.mp3", "--out", "talk", "--post", "x:0"], 2, "'--post': x:0: write NAME or NAME:LIMIT"),
        (["run", "talk.mp3", "--out", "talk", "--post", ":280"], 2, "as in short:280"),
        (["run", "talk.mp3", "--out", "talk", "--post", "x:280:9"], 2, "as in short:280"),
        (["import", "http://[your site]/feed.xml", "--out", "show"], 1, "cannot be fetched"),
        (["completion", "tcsh"], 2, "'bash', 'zsh', 'fish'"),
        (["staus"], 2, "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors_say_what_to_do(runner: CliRunner, arguments: list[str], code: int, says: str) -> None:
    told = runner.invoke(cli, arguments)
    assert says in told.output
    assert told.exit_code == code
    assert isinstance(told.exception, SystemExit)
    assert "Traceback" not in told.output


def test_an_unreachable_cluster_is_told_in_a_sentence(runner: CliRunner, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\n"
        "clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\n"
        "contexts: [{name: a, context: {cluster: a, user: a}}]\nusers: [{name: a, user: {}}]\n"
    )
    told = runner.invoke(cli, ["status", "--kubeconfig", str(kubeconfig)])
    assert told.exit_code == 1
    assert "http://127.0.0.1:1 does not answer" in told.output


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (404, '{"details": {"name": "a"}}', NotFoundError, "There is no Episode a"),
        (404, "404 page not found", Exception, "install the chart"),
        (401, "", Exception, "renew the credentials"),
        (403, '{"message": "episodes is forbidden"}', ForbiddenError, "podwright-view"),
        (409, "", ConflictError, "run this again"),
        (422, '{"message": "spec.text: published"}', Exception, "spec.text: published"),
        (503, b"", Exception, "HTTP 503"),
    ],
)
def test_what_the_api_server_refuses(status: int, body: str | bytes, kind: type[Exception], says: str) -> None:
    failure = failure_of(status, body, "Episode a")
    assert isinstance(failure, kind)
    assert says in str(failure)


def test_what_another_version_wrote_is_told_in_a_sentence() -> None:
    body = episode().to_wire()
    assert readable(Episode, body).metadata.name == "one"
    body["status"] = {"stages": [{"name": "ingest", "phase": "Dreaming"}]}
    with pytest.raises(CliError, match=r"cannot read Episode one \(status\.stages\.0\.phase: .*another version"):
        readable(Episode, body)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_for_podwright(runner: CliRunner, shell: str) -> None:
    told = runner.invoke(cli, ["completion", shell])
    assert told.exit_code == 0
    assert VARIABLE in told.output


def test_kinds_are_completed(runner: CliRunner) -> None:
    asked = {VARIABLE: "bash_complete", "COMP_WORDS": "podwright explain ep", "COMP_CWORD": "2"}
    told = runner.invoke(cli, [], env=asked, prog_name="podwright", complete_var=VARIABLE)
    assert "episode/" in told.output


#: Pretends that a package is not installed, then runs the command line.
_WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({missing!r}))
sys.argv = ["podwright", *{arguments!r}]
from podwright_cli.main import main
main()
"""


@pytest.mark.parametrize(
    ("missing", "arguments", "code", "says"),
    [
        (["kubernetes"], ["run", "--help"], 0, "MEDIA"),
        (["kubernetes"], ["status"], 1, "pip install 'podwright[cli]'"),
        (["httpx", "av", "openai", "minio"], ["approve", "--help"], 0, "Let drafts go out"),
        (["httpx", "av", "openai", "minio"], ["run", "a.mp3", "--out", "x"], 1, "pip install 'podwright[pipeline]'"),
        (["click"], ["status"], 1, "pip install 'podwright[cli]'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_needs_only_its_own_extra(
    tmp_path: Path, missing: list[str], arguments: list[str], code: int, says: str
) -> None:
    program = _WITHOUT.format(missing=missing, arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
    )
    assert done.returncode == code, done.stderr
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
