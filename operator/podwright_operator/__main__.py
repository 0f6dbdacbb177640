"""``python -m podwright_operator``: run the operator with settings from the environment."""

import asyncio
import logging
import os

from podwright_operator.settings import Settings
from podwright_operator.shell.main import run


def main() -> None:
    settings = Settings.from_environment(os.environ)
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("kopf").setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
