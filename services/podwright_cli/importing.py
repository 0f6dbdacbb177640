"""``podwright import``: an existing show from its feed."""

import os
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click
import yaml

from podwright_cli.errors import CliError, ConflictError
from podwright_cli.feed_source import read_source
from podwright_cli.options import connect
from podwright_core.show_import import ImportedShow
from podwright_crds.episode import Episode
from podwright_crds.podcast import Podcast
from podwright_desk.import_manifests import (
    Choices,
    ImportFailedError,
    Manifests,
    Object,
    OwnerUnknownError,
    manifests,
    other_show,
)
from podwright_desk.refs import Ref

if TYPE_CHECKING:
    from podwright_cli.cluster import Cluster

_REMARKS_TOLD = 20


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as people write them."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


class Target(Protocol):
    """Where the objects go. What is there already stays as it is: people may have changed it."""

    def known(self) -> dict[str, str]:
        """Names of the show's Episodes that are there, by their GUIDs."""

    def taken(self) -> set[str]:
        """Names of other Episodes."""

    def put(self, body: Object) -> bool:
        """Adds an object; False where one of its name is there."""


class Folder:
    """Manifests in files, for git."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def known(self) -> dict[str, str]:
        found = {}
        for path in sorted((self._root / "episodes").glob("*.yaml")):
            body = yaml.safe_load(path.read_text("utf-8")) or {}
            if guid := body.get("spec", {}).get("feed", {}).get("guid"):
                found[str(guid)] = str(body["metadata"]["name"])
        return found

    def taken(self) -> set[str]:
        return {path.stem for path in (self._root / "episodes").glob("*.yaml")} - set(self.known().values())

    def put(self, body: Object) -> bool:
        name = body["metadata"]["name"]
        path = self._root / "podcast.yaml" if body["kind"] == "Podcast" else self._root / "episodes" / f"{name}.yaml"
        if path.exists():
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            yaml.dump(body, stream, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)  # whole or not at all: an import that was stopped goes on
        return True


class Applied:
    """Objects in the cluster."""

    def __init__(self, cluster: "Cluster", podcast: str) -> None:
        self._cluster = cluster
        self._podcast = podcast

    def known(self) -> dict[str, str]:
        episodes = self._cluster.all(Episode, {"spec.podcastRef.name": self._podcast})
        return {episode.spec.feed.guid: episode.metadata.name for episode in episodes if episode.spec.feed.guid}

    def taken(self) -> set[str]:
        own = set(self.known().values())
        return {episode.metadata.name for episode in self._cluster.all(Episode)} - own

    def put(self, body: Object) -> bool:
        if body["kind"] == "Podcast":
            self._check(body)
        try:
            self._cluster.create(body)
        except ConflictError:
            return False
        return True

    def _check(self, body: Object) -> None:
        """The Podcast of that name must be the same show."""
        there = self._cluster.find(Ref(Podcast, body["metadata"]["name"]))
        if not isinstance(there, Podcast):
            return
        if guid := other_show(there, body):
            raise CliError(
                f"Podcast {there.metadata.name} is another show (its guid is {guid}): choose a name with --name, or "
                "set its spec.feed.guid to the one of the feed."
            )


@click.command("import", short_help="Import an existing show from its feed.")
@click.argument("source", metavar="URL|FILE")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write manifests below this folder.")
@click.option("--name", help="Name of the Podcast; by default from its title.")
@click.option("--owner-email", help="Owner's e-mail address, where the feed does not say it.")
@click.option("--transcription-endpoint", metavar="NAME", help="ModelEndpoint that transcribes the episodes.")
@click.option("--writing-endpoint", metavar="NAME", help="ModelEndpoint that writes for them.")
@click.option("--announce", is_flag=True, help="Let campaigns announce the imported episodes, too.")
@click.option("--suspend", is_flag=True, help="Import without processing; spec.suspend of each episode starts it.")
@click.option("--mine", is_flag=True, help="Import although the feed is locked: you own the show.")
@click.option("-n", "--namespace", help="Namespace; by default that of the kubeconfig's context.")
@click.option("--context", help="Context of the kubeconfig; by default its current one.")
@click.option("--kubeconfig", help="Path of the kubeconfig; by default $KUBECONFIG or ~/.kube/config.")
def import_command(
    *,
    source: str,
    out: Path | None,
    namespace: str | None,
    context: str | None,
    kubeconfig: str | None,
    mine: bool,
    **said: Any,
) -> None:
    """Import a show: a Podcast and its Episodes, with the GUIDs that listeners' apps know.

    Nothing is published again: apps see the same episodes, and campaigns leave them out. Run it again to go on after
    an interruption or to fetch what is new; what is there stays as it is.

    podwright import https://example.org/feed.xml --out show/
    """
    show = read_source(source)
    if show.locked and not mine:
        raise CliError(
            "The feed is locked (podcast:locked): its host asks not to import it. If the show is yours, unlock it "
            "there, or add --mine."
        )
    choices = Choices(source=source, **said)
    target, made = _made(show, choices, out, lambda: connect(kubeconfig, context, namespace))
    counted = Counter(body["kind"] for body in (made.podcast, *made.episodes) if _put(target, body))
    _tell(made, counted, str(out) if out else "the cluster")


def _made(
    show: ImportedShow, choices: Choices, out: Path | None, connected: Callable[[], "Cluster"]
) -> tuple[Target, Manifests]:
    try:
        if out is not None:
            folder = Folder(out)
            return folder, manifests(show, choices, folder.known(), folder.taken())
        name = manifests(show, choices, {}).podcast["metadata"]["name"]
        applied = Applied(connected(), name)
        return applied, manifests(show, choices, applied.known(), applied.taken())
    except OwnerUnknownError as error:
        raise CliError(f"The show cannot be imported: {error}: add --owner-email.") from error
    except ImportFailedError as error:
        raise CliError(f"The show cannot be imported: {error}") from error


def _put(target: Target, body: Object) -> bool:
    new = target.put(body)
    click.echo(f"{body['kind'].lower()}/{body['metadata']['name']} {'imported' if new else 'is there already'}")
    return new


def _tell(made: Manifests, counted: Counter[str], where: str) -> None:
    for remark in made.remarks[:_REMARKS_TOLD]:
        click.echo(f"  {remark}")
    if len(made.remarks) > _REMARKS_TOLD:
        click.echo(f"  … and {len(made.remarks) - _REMARKS_TOLD} more remarks.")
    new, total = counted["Episode"], len(made.episodes)
    click.echo(f"{new} of {total} episodes are new in {where}; {total - new} were there already.")
