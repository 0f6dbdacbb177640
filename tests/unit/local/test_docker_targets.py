"""kind and a user's own cluster, with programs on PATH that write down how they were called."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from podwright_local import cli, demo, demo_story, docker_targets, host, images, models, paths, storage, targets
from podwright_local.commands import LocalError
from podwright_local.docker_targets import DockerTarget
from podwright_local.paths import Cache
from podwright_local.progress import Progress
from podwright_local.targets import Forward

DOCKER = """
case "$*" in *--output*)
  while [ "$1" != --output ]; do shift; done
  for model in whisper-base smollm2-135m-instruct; do mkdir -p $2/$model; : > $2/$model/.complete; done
esac
"""
KIND = """
case "$*" in
  "get clusters") if [ -e $0.cluster ]; then echo podwright-demo; fi ;;
  "create cluster "*) : > $0.cluster ;;
  "delete cluster "*) rm -f $0.cluster ;;
esac
"""


class Programs:
    """Programs in a folder that is first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "calls"
        self.log.touch()

    def add(self, name: str, does: str = "") -> None:
        program = self.folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.log}\n{does}')
        program.chmod(0o755)

    def calls(self) -> list[str]:
        """Since the last time."""
        found = self.log.read_text().splitlines()
        self.log.write_text("")
        return found


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    found = Programs(folder)
    for name, does in (("docker", DOCKER), ("kind", KIND), ("kubectl", "echo pod-1"), ("helm", "")):
        found.add(name, does)
    return found


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setenv("PODWRIGHT_CACHE", str(tmp_path / "cache"))
    return Cache.from_environment()


@pytest.fixture
def kind(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> DockerTarget:
    @contextmanager
    def store(_: DockerTarget) -> Iterator[None]:
        yield None

    monkeypatch.setattr(DockerTarget, "store", store)
    monkeypatch.setattr(storage, "make_buckets", lambda _: None)
    return DockerTarget(cache, Progress(), kind="podwright-demo")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, arguments)


def test_everything_goes_to_kinds_cluster_whatever_the_current_context(programs: Programs, kind: DockerTarget) -> None:
    kind.up()
    calls = programs.calls()
    cluster = f"--kubeconfig {kind.kubeconfig}"
    assert f"kind create cluster --name podwright-demo {cluster} --wait 120s" in calls
    helm = [call for call in calls if call.startswith("helm")]
    assert len(helm) == 2
    assert all(cluster in call for call in helm)
    assert kind.kubectl.command("get", "pods") == f"kubectl {cluster} get pods"

    kind.up()
    again = programs.calls()
    assert f"kind export kubeconfig --name podwright-demo {cluster}" in again
    assert not [call for call in again if "create cluster" in call or "--output" in call]


def test_the_models_are_files_of_an_image_that_has_what_makes_them(programs: Programs, kind: DockerTarget) -> None:
    kind.up()
    assert models.complete(kind.model_folder())
    built = [call for call in programs.calls() if "--output" in call]
    assert [("--target models" in call) for call in built] == [True]
    asked = " ".join(f"--only {model}" for model in models.KINDS)
    assert f"demo_models {asked} " in images.PRODUCT.read_text()


def test_models_that_were_not_finished_are_made_again(programs: Programs, kind: DockerTarget) -> None:
    beside = kind.model_folder().with_name(f"{kind.model_folder().name}.new")
    beside.mkdir(parents=True)
    (beside / "half").touch()
    programs.add("docker", 'case "$*" in *--output*) exit 1 ;; esac')
    with pytest.raises(LocalError, match=r"preparing-the-models\.log"):
        kind.up()
    assert not models.complete(kind.model_folder())
    programs.add("docker", DOCKER)
    kind.up()
    assert {path.name for path in kind.model_folder().iterdir()} == set(models.KINDS.values())


def test_addresses_are_those_that_their_readers_reach(programs: Programs, kind: DockerTarget) -> None:
    del programs
    values = demo.chart_values(kind, ["podcasts"])
    assert values["storage"]["publicUrl"] == "http://minio.minio.svc:9000/podwright-public"
    assert values["facade"]["presignEndpoint"] == "http://127.0.0.1:19000"
    assert values["stages"]["fetch"]["allow"] == ["minio.minio.svc"]


def test_the_story_ends_with_what_makes_them_reachable(programs: Programs, kind: DockerTarget) -> None:
    del programs
    shown = demo.Demo(kind.kubectl, kind.progress, kind)
    cluster = f"kubectl --kubeconfig {kind.kubeconfig}"
    assert demo_story._forwards(shown) == [
        ("forward", f"{cluster} port-forward -n minio service/minio 19000:9000"),
        ("forward", f"{cluster} port-forward -n podwright-system service/podwright-api 18080:80"),
    ]
    assert demo_story._service(shown, "podwright-api", "podwright-system") == "http://127.0.0.1:18080"
    assert demo_story._token_command(shown) == (
        f"{cluster} -n podwright-system get secret podwright-api-token -o 'jsonpath={{.data.token}}' | base64 -d"
    )


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("choice", ["kind", "current"])
def test_what_is_not_installed_is_told_at_once(
    choice: str, tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("helm", "kind"):
        (tmp_path / "bin" / name).unlink()
    result = run("demo", "--cluster", choice)
    assert result.exit_code == 1
    assert "helm: https://helm.sh/" in result.output
    assert ("kind: https://kind.sigs.k8s.io/" in result.output) is (choice == "kind")
    assert "docker: " not in result.output
    assert targets.remembered(cache) == {}


@pytest.mark.usefixtures("cache")
def test_an_engine_that_is_silent_is_told_at_once(programs: Programs) -> None:
    programs.add("docker", "exit 1")
    assert "The Docker engine does not answer" in run("demo", "--cluster", "kind").output


@pytest.mark.usefixtures("cache")
def test_a_cluster_of_ones_own_is_asked_for_before_images_are_built(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PODWRIGHT_REGISTRY", raising=False)
    assert "needs PODWRIGHT_REGISTRY" in run("demo", "--cluster", "current").output
    monkeypatch.setenv("PODWRIGHT_REGISTRY", "registry.example.org/team")
    programs.add("kubectl", "echo refused >&2; exit 1")
    assert "refused" in run("demo", "--cluster", "current").output
    assert not [call for call in programs.calls() if call.startswith("docker build")]


def test_commands_after_the_demo_go_where_it_went(programs: Programs, cache: Cache, kind: DockerTarget) -> None:
    assert run("status", "--cluster", "kind").output == "kind cluster podwright-demo does not exist\n"
    kind.up()
    targets.remember(cache, "demo", "kind")
    programs.calls()
    assert run("kubeconfig").stdout == f"{kind.kubeconfig}\n"
    assert "podwright-system:\npod-1\n" in run("status").output
    assert run("down").exit_code == 0
    assert f"kind delete cluster --name podwright-demo --kubeconfig {kind.kubeconfig}" in programs.calls()
    assert not Path(kind.kubeconfig).parent.exists()
    assert targets.remembered(cache) == {}


def test_a_cluster_of_ones_own_is_left_as_it_is(
    programs: Programs, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/mine")
    targets.remember(cache, "demo", "current")
    assert run("kubeconfig").output == "/mine\n"
    told = run("down")
    assert told.exit_code == 0
    assert "helm uninstall podwright -n podwright-system" in told.output
    assert programs.calls() == []
    assert targets.remembered(cache) == {"demo": "current"}


def test_without_a_demo_the_cluster_is_this_machines(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "routed_networks", list)
    monkeypatch.setattr(paths, "MAX_STATE_PATH", 1000)
    monkeypatch.setattr(host, "require_root", lambda: None)
    told = run("kubeconfig")
    assert told.stdout == f"{cache.cluster('demo').kubeconfig}\n"
    assert "`make demo` makes it" in told.stderr
    assert run("status").output.split() == ["cluster", "does", "not", "exist"]
    targets.remember(cache, "demo", "kind")
    assert run("kubeconfig", "--cluster", "local").stdout == f"{cache.cluster('demo').kubeconfig}\n"


@pytest.mark.parametrize("last", ["kind", "current"])
def test_clean_takes_kinds_cluster_along(programs: Programs, cache: Cache, kind: DockerTarget, last: str) -> None:
    """Also where the demo went elsewhere since."""
    kind.up()
    targets.remember(cache, "demo", last)
    programs.calls()
    assert run("clean").exit_code == 0
    assert [call for call in programs.calls() if call.startswith("kind delete cluster --name podwright-demo ")]
    assert not cache.root.exists()


@pytest.mark.parametrize(
    ("missing", "answers", "choice"),
    [((), True, "kind"), ((), False, "local"), (("kind",), True, "local"), (("docker",), True, "local")],
)
def test_the_first_choice(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...], answers: bool, choice: str
) -> None:
    monkeypatch.setenv("PATH", str(programs.folder))
    if not answers:
        programs.add("docker", "exit 1")
    for name in missing:
        (programs.folder / name).unlink()
    assert targets.default_choice() == choice
    assert targets.kind_is_installed() is not bool(missing)


def test_a_port_that_is_taken_is_told(programs: Programs, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.add("kubectl", "echo unable to listen on any of the requested ports >&2; exit 1")
    monkeypatch.setattr(docker_targets, "STORE", Forward("minio", "minio", port=9000, local=9))
    target = DockerTarget(cache, Progress(), kind="podwright-demo")
    with (
        pytest.raises(LocalError, match=r"no MinIO answers at http://127\.0\.0\.1:9/[\s\S]*unable to listen"),
        target.store(),
    ):
        pass


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied", "/cache"), LocalError("[/x] is away")])
def test_an_expected_failure_is_one_message(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(targets, "remembered", fails)
    failed = run("kubeconfig")
    assert failed.exit_code == 1
    assert str(error) in failed.output
    assert isinstance(failed.exception, SystemExit)
