"""``approve``, ``reject`` and ``retry``: commands that change something."""

from typing import TYPE_CHECKING, Any

import click

from podwright_cli.decisions import Result, Voice, decide, retry_problem
from podwright_cli.errors import CliError, ConflictError
from podwright_cli.options import RefType, now, on_cluster
from podwright_crds.approvals import approvals_needed
from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.names import ANNOTATION_RETRY
from podwright_crds.post import ApprovalState, Post, may_be_out
from podwright_desk.refs import Ref

if TYPE_CHECKING:
    from podwright_cli.cluster import Cluster

#: The operator writes status all the time; a change of the text in between must be seen, though.
_TRIES = 5

_by = click.option("--by", help="Who decides; by default the name that the cluster knows you by.")
_note = click.option("--note", help="Remark that is kept with the decision.")
_objects = click.argument(
    "objects", nargs=-1, required=True, type=RefType("post", "campaign"), metavar="post/NAME... | campaign/NAME"
)


@click.command(short_help="Let drafts go out.")
@_objects
@_by
@_note
@click.option("--role", help="Role that you approve for, where several have to agree.")
@on_cluster
def approve(cluster: "Cluster", objects: tuple[Ref, ...], by: str | None, note: str | None, role: str | None) -> None:
    """Let drafts go out: posts by name, or all drafts of a campaign.

    podwright approve campaign/launch --note "read by Ada"
    """
    _decide_all(cluster, objects, ApprovalState.APPROVED, by, note, role)


@click.command(short_help="Ask for somebody's approval.")
@_objects
@_by
@_note
@on_cluster
def submit(cluster: "Cluster", objects: tuple[Ref, ...], by: str | None, note: str | None) -> None:
    """Hand drafts in for review: posts by name, or all drafts of a campaign.

    podwright submit post/launch-sourdough-news
    """
    _decide_all(cluster, objects, ApprovalState.IN_REVIEW, by, note)


@click.command(short_help="Keep posts from going out.")
@_objects
@_by
@_note
@on_cluster
def reject(cluster: "Cluster", objects: tuple[Ref, ...], by: str | None, note: str | None) -> None:
    """Keep posts from going out: posts by name, or all drafts of a campaign. What is published stays so.

    podwright reject post/launch-sourdough-news --note "wrong guest"
    """
    _decide_all(cluster, objects, ApprovalState.REJECTED, by, note)


@click.command(short_help="Have something tried again at once.")
@click.argument("objects", nargs=-1, required=True, type=RefType(), metavar="KIND/NAME...")
@click.option("--yes", is_flag=True, help="Do not ask before a post that may be out already is sent again.")
@on_cluster
def retry(cluster: "Cluster", objects: tuple[Ref, ...], yes: bool) -> None:
    """Have something tried again at once that failed or waits for its next try.

    podwright retry episode/sourdough
    """
    for ref in objects:
        resource = cluster.get(ref)
        metadata: dict[str, Any] = {"annotations": {ANNOTATION_RETRY: now().isoformat()}}
        if isinstance(resource, Post):
            if problem := retry_problem(resource):
                raise CliError(problem)
            if may_be_out(resource.status) and not yes:
                click.confirm(f"{ref} may be out already. Is it missing on the platform, to be sent again?", abort=True)
            # What is said is about the attempts that were there: a publisher may have begun another one meanwhile.
            metadata["resourceVersion"] = resource.metadata.resource_version
        cluster.patch(ref, {"metadata": metadata})
        click.echo(f"{ref} is tried again; see: podwright explain {ref} -n {cluster.namespace}")


def _decide_all(
    cluster: "Cluster",
    objects: tuple[Ref, ...],
    wanted: ApprovalState,
    by: str | None,
    note: str | None,
    role: str | None = None,
) -> None:
    voice = Voice(by or cluster.whoami(), now().isoformat(timespec="seconds"), note, role)
    posts = [found for ref in objects for found in _posts(cluster, ref)]
    refused = [_decide(cluster, ref, wanted, voice) for ref in dict.fromkeys(posts)].count(Result.REFUSED)
    if refused:
        raise CliError(f"{refused} of {len(posts)} posts were left as they are.")


def _needed(cluster: "Cluster", post: Post) -> dict[str, int]:
    """Whose approvals the post needs; what does not exist asks for none."""
    campaign = cluster.find(Ref(Campaign, post.spec.campaign_ref.name)) if post.spec.campaign_ref else None
    channel = cluster.find(Ref(Channel, post.spec.channel_ref.name))
    return approvals_needed(
        campaign if isinstance(campaign, Campaign) else None, channel if isinstance(channel, Channel) else None
    )


def _posts(cluster: "Cluster", ref: Ref) -> list[Ref]:
    """The post itself, or a campaign's drafts."""
    if ref.kind is Post:
        return [ref]
    cluster.get(ref)
    posts = cluster.all(Post, {"spec.campaignRef.name": ref.name})
    undecided = {ApprovalState.DRAFT, ApprovalState.IN_REVIEW}
    drafts = [Ref.of(post) for post in posts if post.spec.approval.state in undecided]
    if not drafts:
        click.echo(f"{ref} has no drafts among its {len(posts)} posts.")
    return drafts


def _decide(cluster: "Cluster", ref: Ref, wanted: ApprovalState, voice: Voice) -> Result:
    for left in reversed(range(_TRIES)):
        post = cluster.get(ref)
        assert isinstance(post, Post)  # noqa: S101 (for the type checker)
        decision = decide(post, wanted, voice, _needed(cluster, post) if wanted is ApprovalState.APPROVED else {})
        try:
            if decision.patch is not None:
                cluster.patch(ref, decision.patch)
        except ConflictError:
            if not left:
                raise
            continue
        click.echo(decision.message, err=decision.result is Result.REFUSED)
        return decision.result
    raise AssertionError
