"""Command line: `python -m podwright_local COMMAND`."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import httpx
import urllib3
from minio.error import MinioException

from podwright_local import (
    binaries,
    demo,
    demo_story,
    docker_targets,
    host,
    images,
    inference_venv,
    models,
    network,
    oidc_server,
    publishing_servers,
    targets,
)
from podwright_local.cluster import LocalCluster
from podwright_local.commands import LocalError, tail_of
from podwright_local.docker_targets import REGISTRY, DockerTarget
from podwright_local.go_programs import GO_PROGRAMS
from podwright_local.kubectl import restricted_namespace
from podwright_local.local_target import LocalTarget
from podwright_local.paths import Cache
from podwright_local.processes import component_pid
from podwright_local.progress import Progress
from podwright_local.targets import CHOICES, Target, default_choice

Command = Callable[..., Any]


class Group(click.Group):
    """Shows an expected failure as its message alone."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (LocalError, ProcessLookupError) as error:
            told = str(error)
        except (OSError, httpx.TransportError, urllib3.exceptions.HTTPError, MinioException) as error:
            # The disk is full, a file is another user's, a server went away: the place in this program helps nobody.
            told = f"{type(error).__name__}: {error}"
        click.secho(f"\n{told}", fg="red", err=True)
        sys.exit(1)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def app() -> None:
    """A real Kubernetes on this machine without Docker, and Podwright's demo on it."""


def name_option(command: Command) -> Command:
    return click.option("--name", default=network.DEMO, show_default=True, help="Which cluster.")(command)


def target_options(command: Command) -> Command:
    text = "Default: where the demo of this name went last, at first kind with a Docker engine, else local."
    return name_option(click.option("--cluster", "choice", type=click.Choice(CHOICES), help=text)(command))


def _cluster(name: str) -> LocalCluster:
    return LocalCluster.named(name, Cache.from_environment())


@app.command()
@name_option
@click.option("--postgres/--no-postgres", default=True, show_default=True)
@click.option("--inference/--no-inference", default=True, show_default=True, help="KubeRay and the engines' packages.")
@click.option("--product/--no-product", default=True, show_default=True, help="Podwright's own images.")
@click.option("--social/--no-social", default=True, show_default=True, help="Servers to publish to: snac and a PDS.")
def up(name: str, postgres: bool, inference: bool, product: bool, social: bool) -> None:
    """Start a cluster with the prerequisites and the images in it; what is missing is built first."""
    host.require_root()
    cluster = _cluster(name)
    with Progress() as progress:
        targets.remember(cluster.cache, name, "local")
        LocalTarget(cluster, progress, postgres=postgres, inference=inference, product=product, social=social).up()
        progress.say(f"cluster '{name}' is up: export KUBECONFIG={cluster.paths.kubeconfig}")
        progress.say(f"kubectl, helm: {binaries.folder(cluster.cache)}")


@app.command()
def prepare() -> None:
    """Download, compile and build everything that a cluster needs."""
    with Progress() as progress:
        LocalTarget(_cluster(network.DEMO), progress).prepare()


@app.command("programs")
@click.argument("names", nargs=-1, required=True, type=click.Choice(sorted(GO_PROGRAMS)))
def programs_command(names: tuple[str, ...]) -> None:
    """Compile programs of others for tests and benchmarks."""
    with Progress() as progress:
        for name in names:
            click.echo(GO_PROGRAMS[name].build(Cache.from_environment(), progress))


@app.command("demo")
@target_options
@click.option("--times", type=click.Path(dir_okay=False, path_type=Path), help="A JSON file for each step's seconds.")
def demo_command(choice: str | None, name: str, times: Path | None) -> None:
    """Everything from a fresh machine to a published post."""
    cache = Cache.from_environment()
    noted = choice or targets.remembered(cache).get(name)
    chosen = noted or default_choice()
    if not noted and chosen == "local" and targets.kind_is_installed():
        click.echo("The Docker engine does not answer (`docker info` says why): the cluster is this machine's own.")
    if chosen == "local":
        host.require_root()
    else:
        docker_targets.require(chosen)
    with Progress() as progress:
        target = _target(chosen, name, cache, progress)
        targets.remember(cache, name, chosen)
        target.up()
        installed = demo.install(target, cache, progress)
        demo_story.tell(installed)
    if times:
        times.write_text(json.dumps(progress.took))


@app.command()
@name_option
def install(name: str) -> None:
    """Install or upgrade the chart on a running cluster, with freshly built images."""
    cluster = _cluster(name)
    with Progress() as progress:
        target = LocalTarget(cluster, progress)
        target.prepare()
        target.load_images()
        demo.install(target, cluster.cache, progress)


@app.command()
@target_options
def down(name: str, choice: str | None) -> None:
    """Stop the cluster: a local one keeps its data, kind's is deleted, for one of yours the commands are shown."""
    cache = Cache.from_environment()
    chosen = choice or _chosen(name, cache)
    with Progress() as progress:
        _target(chosen, name, cache, progress).down()
    if chosen == "kind":
        targets.forget(cache, name)


@app.command()
@name_option
def delete(name: str) -> None:
    """Stop the local cluster and remove its data."""
    host.require_root()
    cluster = _cluster(name)
    with Progress() as progress:
        cluster.delete(progress)
    targets.forget(cluster.cache, name)


@app.command()
def clean() -> None:
    """Delete every cluster, and the whole cache."""
    cache = Cache.from_environment()
    with Progress() as progress:
        for target in docker_targets.used(cache, progress):
            target.down()
        for name in network.known_clusters(cache):
            _cluster(name).delete(progress)
        with progress.step(f"removing {cache.root}"):
            shutil.rmtree(cache.root, ignore_errors=True)


@app.command()
@target_options
def status(name: str, choice: str | None) -> None:
    """What runs: a local cluster's processes with their ids on this machine, the demo's pods of another one."""
    cache = Cache.from_environment()
    click.echo(_target(choice or _chosen(name, cache), name, cache, Progress()).status())


@app.command()
@name_option
@click.argument("component", required=False)
@click.option("--lines", default=40, show_default=True)
def logs(name: str, component: str | None, lines: int) -> None:
    """The end of a component's log; without a component, where the logs are."""
    cluster = _cluster(name)
    if component is None:
        for file in sorted([*cluster.paths.logs.glob("*.log"), *cluster.cache.logs.glob("*.log")]):
            click.echo(file)
        return
    click.echo(tail_of(cluster.paths.logs / f"{component}.log", lines))


@app.command()
@name_option
@click.argument("component")
def pid(name: str, component: str) -> None:
    """The process id of a component on this machine."""
    click.echo(component_pid(_cluster(name).paths.root, component))


@app.command()
@target_options
def kubeconfig(name: str, choice: str | None) -> None:
    """The path of the cluster's kubeconfig."""
    cache = Cache.from_environment()
    chosen = choice or _chosen(name, cache)
    path = _target(chosen, name, cache, Progress()).kubeconfig
    if chosen != "current" and not Path(path).exists():
        click.echo("It is not there: `make demo` makes it. Where that ran as root, ask for it as root.", err=True)
    click.echo(path)


@app.command("exec", context_settings={"ignore_unknown_options": True})
@name_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_command(name: str, command: tuple[str, ...]) -> None:
    """Run a command with KUBECONFIG and PATH set for the cluster: exec -- kubectl get pods -A."""
    cluster = _cluster(name)
    path = f"{binaries.folder(cluster.cache)}:{os.environ.get('PATH', '')}"
    os.environ.update(PATH=path, KUBECONFIG=str(cluster.paths.kubeconfig))
    os.execvp(command[0], command)  # noqa: S606 - the user's own command takes this process's place


@app.command("images")
@name_option
@click.argument("names", nargs=-1)
def images_command(name: str, names: tuple[str, ...]) -> None:
    """Build images (services, inference-base, postgres), load them if the cluster runs, print their references."""
    cluster = _cluster(name)
    wanted = tuple(image for image in images.BUILT if not names or image.name in names)
    with Progress() as progress:
        buildkit = binaries.build_first(cluster.cache, progress)
        images.build(cluster.cache, wanted, buildkit, progress)
        if cluster.running:
            images.load(cluster.paths, cluster.cache, wanted, progress)
    for image in wanted:
        click.echo(image.reference)


@app.command("models")
@name_option
def models_command(name: str) -> None:
    """Prepare the demo's models and bring them into the cluster's bucket."""
    cluster = _cluster(name)
    with Progress() as progress:
        inference_venv.build(cluster.cache, progress)
        models.build(cluster.cache, progress)
        demo.upload_models(LocalTarget(cluster, progress), progress)


@app.command("publishing-servers")
def publishing_servers_command() -> None:
    """Install the servers of tests and demo: Bluesky's PDS, snac (Mastodon's API), an OpenID Connect provider."""
    cache = Cache.from_environment()
    with Progress() as progress:
        publishing_servers.pds(cache, progress)
        publishing_servers.snac(cache, progress)
        oidc_server.oidc(cache, progress)


@app.command()
@name_option
@click.argument("namespace")
def tenant(name: str, namespace: str) -> None:
    """Make a tenant's namespace, with the volume of the inference packages."""
    cluster = _cluster(name)
    with Progress() as progress:
        target = LocalTarget(cluster, progress)
        target.kubectl.apply([restricted_namespace(namespace), *target.tenant_objects(namespace)])


def _chosen(name: str, cache: Cache) -> str:
    return targets.remembered(cache).get(name, "local")


def _target(choice: str, name: str, cache: Cache, progress: Progress) -> Target:
    if choice == "kind":
        return DockerTarget(cache, progress, kind=f"podwright-{name}")
    if choice == "current":
        return DockerTarget(cache, progress, registry=os.environ.get(REGISTRY))
    return LocalTarget(LocalCluster.named(name, cache), progress)
