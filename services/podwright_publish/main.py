"""``podwright-publish``: publishes what is due, and ends.

Exit codes: 0 the run is over (each post's status says what became of it), 64 the call is wrong, 75 the run could not
be done (the API server gave no answer) and should be repeated.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from podwright_publish.kubernetes_store import KubernetesStore, own_namespace
from podwright_publish.ports import StoreUnavailableError
from podwright_publish.publisher import Publisher, publish_all, utc_now

EXIT_USAGE = 64
EXIT_RETRY = 75

log = logging.getLogger("podwright_publish")


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, message, and the post that it is about."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if post := getattr(record, "post", None):
            line["post"] = post
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="podwright-publish", description="Publish what is due and approved.")
    parser.add_argument(
        "--for-seconds",
        type=int,
        default=60,
        help="also publish what becomes due, or is to be tried again, within this time (default: 60)",
    )
    kinds = parser.add_subparsers(dest="what", required=True)
    for what, text in (("campaign", "all posts of one Campaign"), ("post", "one Post")):
        kinds.add_parser(what, help=text).add_argument("name")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
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
    until = utc_now() + timedelta(seconds=wanted.for_seconds)
    stop = asyncio.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    async with await KubernetesStore.open(namespace) as store:
        if wanted.what == "campaign":
            posts = await store.campaign_posts(wanted.name)
        else:
            loaded = await store.load(wanted.name)
            posts = [loaded.post] if loaded else []
        worker = os.environ.get("HOSTNAME") or socket.gethostname()
        reports = await publish_all(Publisher(store, worker), posts, until, stop)
    log.info("%s %s: looked at %d of %d posts", wanted.what, wanted.name, len(reports), len(posts))
    return EXIT_RETRY if any(report.undone for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
