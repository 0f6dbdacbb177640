"""``podwright-publish``: publishes what is due, and ends.

Exit codes: 0 the run is over (each post's status says what became of it), 64 the call is wrong, 75 the run could not
be done (the API server gave no answer) and should be repeated.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from datetime import timedelta

from podwright_crds.post import Post
from podwright_publish.campaign_run import publish_all
from podwright_publish.channel_run import ChannelRun
from podwright_publish.collector import collect
from podwright_publish.followed import FollowedPosts
from podwright_publish.kubernetes_store import KubernetesStore, own_namespace
from podwright_publish.ports import StoreUnavailableError
from podwright_publish.publisher import Publisher, Report, utc_now
from podwright_publish.renewal import renew
from podwright_telemetry import json_logs
from podwright_telemetry.spans import Tracing
from podwright_telemetry.tracing import from_environment

EXIT_USAGE = 64
EXIT_RETRY = 75
#: How late a run learns that a channel was suspended or its credentials replaced.
SURROUNDINGS_FRESH_FOR = timedelta(seconds=2)

log = logging.getLogger("podwright_publish")


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="podwright-publish", description="Publish what is due and approved.")
    parser.add_argument(
        "--for-seconds",
        type=int,
        default=60,
        help="also publish what becomes due, or is to be tried again, within this time (default: 60); "
        "a channel's run goes on as long as something does",
    )
    kinds = parser.add_subparsers(dest="what", required=True)
    for what, text in (
        ("campaign", "all posts of one Campaign"),
        ("channel", "the single posts of one Channel, and those that campaigns left behind"),
        ("post", "one Post"),
        ("metrics", "nothing: read what the platform counts of the published posts of one Channel"),
        ("renew", "nothing: renew the tokens of one Channel where they end soon"),
    ):
        kinds.add_parser(what, help=text).add_argument("name")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    json_logs.configure(logging.INFO, sys.stdout)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    wanted = arguments(argv)
    try:
        namespace = os.environ.get("PODWRIGHT_NAMESPACE") or own_namespace()
    except OSError:
        log.error("Set PODWRIGHT_NAMESPACE to the namespace of the posts: this is no pod with a service account.")  # noqa: TRY400  (a call that is wrong needs no traceback)
        return EXIT_USAGE
    try:
        return asyncio.run(_run(wanted, namespace))
    except StoreUnavailableError as error:
        log.error("The run was given up and has to be repeated: %s", error)  # noqa: TRY400
        return EXIT_RETRY


async def _run(wanted: argparse.Namespace, namespace: str) -> int:
    linger = timedelta(seconds=wanted.for_seconds)
    stop = asyncio.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    worker = os.environ.get("HOSTNAME") or socket.gethostname()
    tracing = from_environment("podwright-publish", os.environ)
    async with await KubernetesStore.open(namespace, SURROUNDINGS_FRESH_FOR) as store:
        if wanted.what == "metrics":
            read = await collect(store, wanted.name, utc_now, stop)
            log.info("metrics %s: read the numbers of %d posts", wanted.name, read)
            return 0
        if wanted.what == "renew":
            well = await renew(store, wanted.name, utc_now)
            log.info("renew %s: %s", wanted.name, "its tokens count" if well else "its credentials have to be replaced")
            return 0
        try:
            if wanted.what == "channel":
                reports = await _run_channel(store, wanted.name, worker, tracing, linger, stop)
            else:
                posts = await _posts(store, wanted)
                publisher = Publisher(store, worker, tracing=tracing)
                reports = await publish_all(publisher, posts, utc_now() + linger, stop)
        finally:
            await asyncio.to_thread(tracing.close)
    log.info("%s %s: looked at %d posts", wanted.what, wanted.name, len(reports))
    return EXIT_RETRY if any(report.undone for report in reports) else 0


async def _posts(store: KubernetesStore, wanted: argparse.Namespace) -> Sequence[Post]:
    if wanted.what == "campaign":
        return await store.campaign_posts(wanted.name)
    loaded = await store.load(wanted.name)
    return [loaded.post] if loaded else []


async def _run_channel(
    store: KubernetesStore, channel: str, worker: str, tracing: Tracing, linger: timedelta, stop: asyncio.Event
) -> Sequence[Report]:
    posts = FollowedPosts(store)
    run = ChannelRun(Publisher(posts, worker, tracing=tracing), posts, linger, stop)
    watching = asyncio.create_task(store.watch(channel).follow(posts))
    # A watch that breaks for good ends the run, after the post at work.
    watching.add_done_callback(lambda _: stop.set())
    try:
        await run.work()
        if watching.done():
            watching.result()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    return list(run.reports.values())


if __name__ == "__main__":
    sys.exit(main())
