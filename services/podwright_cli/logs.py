"""``logs``: what the pods that work for an object wrote."""

import sys
from typing import TYPE_CHECKING, Any

import click

from podwright_cli.errors import CliError
from podwright_cli.gather import owner_name
from podwright_cli.options import RefType, on_cluster
from podwright_core.stages import EPISODE_STAGES, StageName
from podwright_crds import names
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.post import Post
from podwright_crds.resource import Resource
from podwright_desk.refs import Ref
from podwright_operator.kinds.job_state import pod_problem

if TYPE_CHECKING:
    from podwright_cli.cluster import Cluster

Pod = dict[str, Any]


@click.command(short_help="Show what the pods of an object wrote.")
@click.argument(
    "object_",
    type=RefType("episode", "podcast", "post", "channel", "campaign", "modelendpoint"),
    metavar="KIND/NAME",
)
@click.option(
    "--stage",
    type=click.Choice([stage.value for stage in (*EPISODE_STAGES, StageName.CLIPS)]),
    help="Only this stage's pods.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on as long as the newest pod writes.")
@on_cluster
def logs(cluster: "Cluster", object_: Ref, stage: str | None, follow: bool) -> None:
    """Show what the pods of an object wrote: an episode's stages, a podcast's feed, the publishing of posts.

    podwright logs episode/sourdough --stage transcribe -f
    """
    resource = cluster.get(object_)
    if stage and not isinstance(resource, Episode):
        raise click.UsageError("--stage is for episodes.")
    pods = _pods(cluster, _at_work(resource), stage)
    if not pods:
        told = f"stage {stage} of {object_}" if stage else str(object_)
        campaign = resource.spec.campaign_ref if isinstance(resource, Post) else None
        # A campaign's posts are sent by the pods of its CronJob.
        hint = f"logs campaign/{campaign.name}" if campaign else f"explain {object_}"
        raise CliError(
            f"There is no pod for {told}: none has been started, or it is done and its log is gone. "
            f"See: podwright {hint} -n {cluster.namespace}"
        )
    for pod in pods[-1:] if follow else pods:
        _print_log(cluster, pod, follow=follow, titled=len(pods) > 1)


def _at_work(resource: Resource) -> Ref:
    """Whose pods work for an object: a post is sent by a run of its channel, with the others that are due there."""
    return Ref(Channel, resource.spec.channel_ref.name) if isinstance(resource, Post) else Ref.of(resource)


def _pods(cluster: "Cluster", ref: Ref, stage: str | None) -> list[Pod]:
    labels = {names.LABEL_KIND: ref.kind.KIND.lower(), names.LABEL_NAME: names.label_value(ref.name)}
    if stage:
        labels[names.LABEL_STAGE] = stage
    return [pod for pod in cluster.pods(labels) if owner_name(pod) in {ref.name, names.label_value(ref.name)}]


def _print_log(cluster: "Cluster", pod: Pod, *, follow: bool, titled: bool) -> None:
    name = pod["metadata"]["name"]
    if titled:
        stage = pod["metadata"].get("labels", {}).get(names.LABEL_STAGE)
        click.echo(f"==> {f'{stage}, ' if stage else ''}pod {name} <==", err=True)
    if pod.get("status", {}).get("phase", "Pending") == "Pending":
        why = pod_problem(pod) or "it is starting"
        click.echo(f"Pod {name} has not run yet: {why}", err=True)
        return
    for piece in cluster.log(name, pod["spec"]["containers"][0]["name"], follow=follow):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
