"""``python -m podwright_pipeline.cleanup NAMESPACE episode/NAME | STAGE/KEY | show/NAME …``: remove stored results.

Runs before an Episode or a Podcast with ``deletionPolicy: Delete`` goes. ``episode/NAME`` stands for all results that
the Episode ever used, whatever its spec said then, but for those that other Episodes use too; ``show/NAME`` for all
feeds that were ever written for a show. Published copies go too, unless results that stay refer to the same object: two
episodes with the same recording share one file.
"""

import argparse
import logging
import os
import sys
from collections.abc import Collection, Iterator
from typing import Final

from podwright_core.stages import EXIT_RETRY, Manifest, StageName, feed_prefix, results_prefix, uses_prefix
from podwright_pipeline.errors import StageError
from podwright_pipeline.runner import MANIFEST
from podwright_pipeline.store import Storage

logger = logging.getLogger("podwright.cleanup")

#: Where a stage is named otherwise: the feeds of a show, the results of an Episode.
_SHOW: Final = "show"
_EPISODE: Final = "episode"


def clean(storage: Storage, namespace: str, told: Collection[str], keep: Collection[str] = ()) -> None:
    """Remove what is told, without ``keep``; what is not there is no error, so a run that was interrupted goes on."""
    kinds = [(kind, name) for kind, _, name in (one.partition("/") for one in told)]
    episodes = [name for kind, name in kinds if kind == _EPISODE]
    kept = {*keep, *_used_by_others(storage, namespace, episodes)} if episodes else set(keep)
    results = {f"{stage}/{key}" for kind, name in kinds for stage, key in _named(storage, namespace, kind, name)}
    for result in sorted(results - kept):
        stage, _, key = result.partition("/")
        prefix = results_prefix(namespace, StageName(stage), key)
        document = storage.private.read(f"{prefix}/{MANIFEST}")
        if document is not None:
            published = {public.key for public in Manifest.model_validate_json(document).public}
            for public in published - _published_by_others(storage, namespace, StageName(stage), prefix):
                storage.public.delete(public)
        # The manifest goes last: while it is there, a run that was cut short knows what it had published.
        for path in sorted(storage.private.paths(f"{prefix}/"), key=lambda path: path.endswith(f"/{MANIFEST}")):
            storage.private.delete(path)
        logger.info("removed %s", result)
    for name in episodes:
        for path in storage.private.paths(uses_prefix(namespace, name)):
            storage.private.delete(path)


def _named(storage: Storage, namespace: str, kind: str, name: str) -> list[tuple[str, str]]:
    """Stages and keys of what is told."""
    if kind == _EPISODE:
        return [_use(path) for path in storage.private.paths(uses_prefix(namespace, name))]
    if kind != _SHOW:
        return [(kind, name)]
    address = feed_prefix(namespace, name)
    return [
        (StageName.FEED.value, manifest.key)
        for manifest in _manifests(storage, namespace, StageName.FEED)
        if any(public.key.startswith(address) for public in manifest.public)
    ]


def _used_by_others(storage: Storage, namespace: str, episodes: Collection[str]) -> set[str]:
    own = tuple(uses_prefix(namespace, name) for name in episodes)
    uses = storage.private.paths(uses_prefix(namespace))
    return {"/".join(_use(path)) for path in uses if not path.startswith(own)}


def _use(path: str) -> tuple[str, str]:
    """Stage and key of the results that an Episode used."""
    _, stage, key = path.rsplit("/", 2)
    return stage, key


def _manifests(storage: Storage, namespace: str, stage: StageName, but: str = "") -> Iterator[Manifest]:
    """Of all results of a stage, without those below the prefix ``but``."""
    for path in storage.private.paths(f"{namespace}/stages/{stage.value}/"):
        if path.endswith(f"/{MANIFEST}") and not (but and path.startswith(f"{but}/")):
            document = storage.private.read(path)
            if document is not None:
                yield Manifest.model_validate_json(document)


def _published_by_others(storage: Storage, namespace: str, stage: StageName, prefix: str) -> set[str]:
    others = _manifests(storage, namespace, stage, but=prefix)
    return {public.key for manifest in others for public in manifest.public}


def main() -> None:
    from podwright_pipeline.store_s3 import storage_from_environment  # noqa: PLC0415  (the client takes a second)

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("namespace")
    parser.add_argument("what", nargs="+", metavar="episode/NAME|STAGE/KEY|show/NAME")
    parser.add_argument("--keep", action="append", default=[], metavar="STAGE/KEY", help="used elsewhere: stays")
    arguments = parser.parse_args()
    try:
        clean(storage_from_environment(os.environ), arguments.namespace, arguments.what, arguments.keep)
    except StageError as error:
        logger.error("%s", error)  # noqa: TRY400  (the storage's answer says all)
        sys.exit(EXIT_RETRY)


if __name__ == "__main__":
    main()
