"""``python -m podwright_cli.troubleshooting``: write the table of reasons into docs/operations.md, or check it.

What a reason means stands here; its cure is the one that ``podwright explain`` tells.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from podwright_crds.campaign import Campaign
from podwright_crds.channel import Channel
from podwright_crds.episode import Episode
from podwright_crds.kinds import KINDS
from podwright_crds.model_endpoint import ModelEndpoint
from podwright_crds.podcast import Podcast
from podwright_crds.post import Post
from podwright_crds.resource import Reason, Resource
from podwright_desk.cures import general_cure

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
_BEGIN: Final = "<!-- Made by `make generate` from services/podwright_cli/troubleshooting.py. -->"
_END: Final = "<!-- End of what `make generate` makes. -->"
_ALL: Final = tuple(KINDS)


@dataclass(frozen=True)
class Entry:
    """A reason in words."""

    #: Kinds whose conditions have it.
    kinds: tuple[type[Resource], ...]
    means: str
    #: How it ends without anybody; where a person has to act, the cure stands in ``cures``.
    heals: str = ""


ENTRIES: Final[Mapping[Reason, Entry]] = {
    Reason.READY: Entry(_ALL, "It is as declared.", "Nothing to do."),
    Reason.PROGRESSING: Entry(_ALL, "Work is under way; the message says which.", "It ends by itself."),
    Reason.SUSPENDED: Entry(_ALL, "It, or what it belongs to, has `spec.suspend: true`."),
    Reason.DELETING: Entry(
        (Episode, Podcast),
        "Its results, or its feed, are removed from the bucket before it goes.",
        "It ends by itself.",
    ),
    Reason.PODCAST_NOT_FOUND: Entry(
        (Episode, Channel),
        "The Podcast that it refers to does not exist.",
        "Create the Podcast, or correct the reference.",
    ),
    Reason.QUEUED: Entry((Episode, Podcast), "Its Job waits in the queue that the message names."),
    Reason.ENDPOINT_NOT_FOUND: Entry((Episode,), "The ModelEndpoint does not exist, or none is named."),
    Reason.ENDPOINT_NOT_READY: Entry(
        (Episode,), "Its ModelEndpoint does not serve yet.", "It goes on when the ModelEndpoint is Ready: look there."
    ),
    Reason.STORAGE_SECRET_NOT_FOUND: Entry(
        (Episode, Podcast, Campaign, ModelEndpoint), "The namespace has no Secret `podwright-storage`."
    ),
    Reason.CREDENTIALS_NOT_FOUND: Entry((Channel,), "Its Secret does not exist; the message has the command."),
    Reason.EPISODES_NOT_READY: Entry((Campaign,), "Its episodes are at work, or none is selected."),
    Reason.CHANNEL_NOT_FOUND: Entry(
        (Campaign, Post), "A Channel that it refers to does not exist.", "Create the Channel, or correct the reference."
    ),
    Reason.CHANNEL_NOT_READY: Entry(
        (Post,), "Its Channel is not connected.", "It goes on when the Channel is Ready: look there."
    ),
    Reason.CAMPAIGN_NOT_FOUND: Entry(
        (Post,), "The Campaign that made it is gone.", "Create the Campaign again, or delete the Post."
    ),
    Reason.STORAGE_UNAVAILABLE: Entry(
        (Campaign,), "The bucket does not answer.", "Tried again by itself every 15 s; look at the S3 store."
    ),
    Reason.KUBERAY_NOT_INSTALLED: Entry((ModelEndpoint,), "The cluster has no RayServices."),
    Reason.STARTING: Entry(
        (Episode, Podcast, ModelEndpoint),
        "A pod starts. The message names what keeps it from that: an image, a full cluster, a missing GPU.",
        "It goes on by itself when that is mended.",
    ),
    Reason.SCHEDULED: Entry((Post,), "It waits for its time, its channel's quiet hours or quota.", "Nothing to do."),
    Reason.APPROVAL_NEEDED: Entry((Post,), "It is a draft."),
    Reason.RETRYING: Entry(
        _ALL, "Something failed, which the message names, and is tried again.", "It ends by itself when that is mended."
    ),
    Reason.MEDIA_REJECTED: Entry((Episode,), "The recording is missing, damaged or no audio; the message says which."),
    Reason.STAGE_FAILED: Entry((Episode, Podcast), "Every try of a stage failed. It is tried again ever more rarely."),
    Reason.WRONG_TASK: Entry((Episode, ModelEndpoint), "The endpoint, or its engine, is for another task."),
    Reason.INVALID_WEIGHTS: Entry((ModelEndpoint,), "The model's files are not where `spec.weights.uri` says."),
    Reason.SERVING_FAILED: Entry((ModelEndpoint,), "The engine refuses the model or its arguments."),
    Reason.INVALID_SCHEDULE: Entry(
        (Episode, Campaign, Channel, Post),
        "A cron line, time zone, window or time makes no sense; the message quotes it.",
    ),
    Reason.INVALID_CREDENTIALS: Entry((Channel,), "A key of its Secret is missing or malformed; the message names it."),
    Reason.CHANNEL_REJECTED: Entry((Channel,), "The platform refuses the account; the message has its answer."),
    Reason.TEXT_REJECTED: Entry((Post,), "The text breaks a rule of the platform."),
    Reason.PUBLISH_FAILED: Entry((Post,), "The platform refused the post; the message has its answer."),
    Reason.OUTCOME_UNKNOWN: Entry(
        (Post,), "It was sent, and nobody knows whether it arrived. Podwright never guesses here."
    ),
    Reason.MISSED: Entry((Post,), "It was due longer ago than its `maxLateness`, or the campaign's window is over."),
    Reason.REJECTED: Entry((Post,), "A person rejected it."),
    Reason.NAME_CONFLICT: Entry(_ALL, "An object that it needs exists already and is somebody else's."),
    Reason.INVALID_SPEC: Entry(
        _ALL,
        "The API server took a spec that this operator cannot read, most likely one of another version. What was made "
        "for it before is left as it is.",
    ),
}


def table() -> str:
    """One row a reason, in the order of the enumeration."""
    lines = ["| reason | on | means | what to do |", "| --- | --- | --- | --- |"]
    for reason in Reason:
        entry = ENTRIES[reason]
        kinds = "all" if entry.kinds == _ALL else ", ".join(kind.KIND for kind in entry.kinds)
        cells = (f"`{reason.value}`", kinds, entry.means, _what_to_do(reason, entry))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _what_to_do(reason: Reason, entry: Entry) -> str:
    cure = general_cure(reason, Episode if Episode in entry.kinds else entry.kinds[0])
    if cure is None:
        return entry.heals
    return f"{cure.text} `{cure.command}`" if cure.command else cure.text


def page(text: str) -> str:
    """The page with the table as it should be; raises ValueError where it has no place for one."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{PAGE} lacks the lines between which the table stands")
    return f"{before}{_BEGIN}\n{table()}\n{_END}{after}"


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 1 where ``--check`` found the page not to be current."""
    parser = argparse.ArgumentParser(prog="python -m podwright_cli.troubleshooting", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where the page is not current")
    options = parser.parse_args(arguments)
    now = PAGE.read_text(encoding="utf-8")
    wanted = page(now)
    if options.check and wanted != now:
        sys.stderr.write(f"{PAGE}: its table of reasons is not current; run make generate\n")
        return 1
    if not options.check:
        PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
