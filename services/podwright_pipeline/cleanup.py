"""``python -m podwright_pipeline.cleanup NAMESPACE STAGE/KEY… | show/NAME``: remove stored results, and only those.

Runs before an Episode or a Podcast with ``deletionPolicy: Delete`` goes; ``show/NAME`` stands for all feeds that were
ever written for a show. Published copies go too, unless results that stay refer to the same object: two episodes with
the same recording share one file.
"""

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Final

from podwright_core.stages import EXIT_RETRY, Manifest, StageName, feed_prefix, results_prefix
from podwright_pipeline.errors import StageError
from podwright_pipeline.runner import MANIFEST
from podwright_pipeline.store import Storage

logger = logging.getLogger("podwright.cleanup")

#: Stands for the feeds of a show where a stage is named otherwise.
_SHOW: Final = "show"


def clean(storage: Storage, namespace: str, results: Iterable[str]) -> None:
    """Remove results named ``STAGE/KEY``; what is not there is no error, so a run that was interrupted goes on."""
    for result in [one for told in results for one in _named(storage, namespace, told)]:
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


def _named(storage: Storage, namespace: str, told: str) -> list[str]:
    kind, _, name = told.partition("/")
    if kind != _SHOW:
        return [told]
    address = feed_prefix(namespace, name)
    return [
        f"{StageName.FEED.value}/{manifest.key}"
        for manifest in _manifests(storage, namespace, StageName.FEED)
        if any(public.key.startswith(address) for public in manifest.public)
    ]


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
    try:
        clean(storage_from_environment(os.environ), sys.argv[1], sys.argv[2:])
    except StageError as error:
        logger.error("%s", error)  # noqa: TRY400  (the storage's answer says all)
        sys.exit(EXIT_RETRY)


if __name__ == "__main__":
    main()
