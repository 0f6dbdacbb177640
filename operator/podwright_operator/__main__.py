"""``python -m podwright_operator``: run the operator with settings from the environment."""

import logging
import os

import uvloop

from podwright_operator.settings import Settings
from podwright_operator.shell.main import run
from podwright_telemetry import json_logs


def main() -> None:
    settings = Settings.from_environment(os.environ)
    json_logs.configure(settings.log_level)
    logging.getLogger("kopf").setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
