"""``status``, ``explain`` and ``plan``: commands that only look."""

from typing import IO, TYPE_CHECKING

import click
import yaml
from pydantic import ValidationError

from podwright_cli import output
from podwright_cli.errors import CliError, Exit, NotFoundError
from podwright_cli.gather import around, whole_namespace
from podwright_cli.options import RefType, missing_extra, now, on_cluster, output_option
from podwright_cli.story import next_steps, only, story
from podwright_crds.campaign import Approval, Campaign
from podwright_crds.kinds import KINDS
from podwright_crds.resource import Resource
from podwright_desk.explain import explain
from podwright_desk.graph import Graph
from podwright_desk.refs import Ref

if TYPE_CHECKING:
    from podwright_cli.cluster import Cluster


@click.command(short_help="Tell the whole story of a namespace.")
@click.argument("objects", nargs=-1, type=RefType(), metavar="[KIND/NAME]...")
@output_option
@on_cluster
def status(cluster: "Cluster", objects: tuple[Ref, ...], output_: str) -> None:
    """Tell the whole story of a namespace: what is ready, what is under way, what waits and why.

    With KIND/NAME only these and what belongs to them:

    podwright status podcast/workshop campaign/launch
    """
    graph = whole_namespace(cluster)
    if missing := [ref for ref in objects if ref not in graph.objects]:
        raise NotFoundError(f"There is no {missing[0].spoken} in namespace {cluster.namespace}.")
    lines = story(graph)
    if objects:
        lines = only(lines, objects)
    if output_ == "json":
        output.as_json([line.to_wire() for line in lines])
        return
    if not lines:
        click.echo(f"There is nothing of Podwright in namespace {cluster.namespace}; -n names another one.")
        return
    output.tell_story(lines, now())
    output.tell_steps(next_steps(lines, graph))


@click.command("explain", short_help="Tell what blocks an object, and what to do.")
@click.argument("object_", type=RefType(), metavar="KIND/NAME")
@output_option
@on_cluster
def explain_command(cluster: "Cluster", object_: Ref, output_: str) -> None:
    """Tell why something is not ready: from what is wanted, over what blocks it, to the command that helps.

    Follows references: an episode's podcast and endpoint, a post's channel, a campaign's episodes and posts.

    podwright explain episode/sourdough
    """
    sentences = explain(around(cluster, object_), object_, now())
    if output_ == "json":
        output.as_json(
            [{"role": s.role.value, "depth": s.depth, "text": s.text, "command": s.command} for s in sentences]
        )
    else:
        output.tell_sentences(sentences)


@click.command(short_help="Show what a campaign would send when.")
@click.argument("campaign", type=RefType("campaign"), required=False, metavar="[campaign/NAME]")
@click.option(
    "-f", "--filename", "file", type=click.File(encoding="utf-8"), help="Manifest with a Campaign; - is standard input."
)
@output_option
@on_cluster
def plan(cluster: "Cluster", campaign: Ref | None, file: IO[str] | None, output_: str) -> None:
    """Show what a campaign would send when, before anything is created.

    For a campaign of the cluster, or one in a file, with the episodes, channels and posts that are there:

    podwright plan -f campaign.yaml
    """
    if (campaign is None) == (file is None):
        raise click.UsageError("Name either campaign/NAME or a file with -f.")
    graph = whole_namespace(cluster)
    found = graph.find(Campaign, campaign.name) if campaign else None
    if file is not None:
        found, graph = _from_file(file.read(), graph)
    if found is None:
        raise NotFoundError(f"There is no {campaign.spoken if campaign else ''} in namespace {cluster.namespace}.")
    _show_plan(found, graph, output_)


def _show_plan(campaign: Campaign, graph: Graph, output_: str) -> None:
    try:
        from podwright_desk.preview import preview  # noqa: PLC0415 (needs cronsim)

        lines = preview(campaign, graph, now())
    except ModuleNotFoundError as missing:
        raise missing_extra(missing, "cli") from missing
    except ValueError as error:
        raise CliError(f"Correct spec.cadence or spec.window: {error}.") from error
    if output_ == "json":
        output.as_json([line.to_wire() for line in lines])
        return
    name, zone = campaign.metadata.name, campaign.spec.cadence.time_zone
    if not lines:
        click.echo(f"No episode matches spec.episodes of campaign {name}: nothing would go out.")
        return
    rows = [(line.local(campaign), line.episode, line.channel, line.state, line.note) for line in lines]
    output.table((f"WHEN ({zone})", "EPISODE", "CHANNEL", "STATE", "NOTE"), rows)
    if campaign.spec.approval is Approval.MANUAL:
        click.echo(f"\nEach post waits for approval: podwright approve campaign/{name} -n {graph.namespace}")


def _from_file(text: str, graph: Graph) -> tuple[Campaign, Graph]:
    """The campaign of a manifest; other objects of Podwright in it count as if they were applied."""
    kinds = {kind.KIND: kind for kind in KINDS}
    objects: dict[Ref, Resource] = dict(graph.objects)
    found: list[Campaign] = []
    try:
        for body in yaml.safe_load_all(text):
            kind = kinds.get(body.get("kind", "")) if isinstance(body, dict) else None
            if kind is None:
                continue
            read = kind.read(body)
            before = objects.get(Ref.of(read))
            if before is not None:
                # What is done stays done: the file only changes what is wanted.
                read = read.model_copy(update={"metadata": before.metadata, "status": vars(before)["status"]})
            objects[Ref.of(read)] = read
            if isinstance(read, Campaign):
                found.append(read)
    except yaml.YAMLError as error:
        raise CliError(f"The file is not YAML: {error}", Exit.USAGE) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CliError(f"The file is no manifest of Podwright: {where}: {first['msg']}", Exit.USAGE) from error
    if len(found) != 1:
        raise CliError(f"The file has {len(found)} Campaigns; the plan is for one.", Exit.USAGE)
    return found[0], Graph(graph.namespace, objects)
