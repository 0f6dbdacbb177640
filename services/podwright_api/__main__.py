"""``python -m podwright_api``: the facade on :8000; SIGTERM lets running requests end."""

import os
import sys

import uvicorn

from podwright_api.app import create_app
from podwright_api.logs import configure
from podwright_api.settings import Settings, SettingsError


def main() -> int:
    try:
        settings = Settings.read(os.environ)
    except SettingsError as error:
        print(f"podwright-api: {error}", file=sys.stderr)
        return 2
    configure(settings.log_level)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        # The facade logs requests itself, with their ids.
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
