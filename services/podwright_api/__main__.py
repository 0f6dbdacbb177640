"""``python -m podwright_api``: the facade on :8000; SIGTERM lets running requests end."""

import os
import sys
from types import FrameType

import uvicorn

from podwright_api.app import create_app
from podwright_api.live import Live
from podwright_api.logs import configure
from podwright_api.prompt import PromptProtocol
from podwright_api.settings import Settings, SettingsError
from podwright_telemetry.tracing import from_environment


class _Server(uvicorn.Server):
    """Sends the listeners of event streams away at once, or they would hold up the end of the process."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        live: Live | None = getattr(self.config.app.state, "live", None)  # type: ignore[union-attr]
        if live is not None:
            live.drain()
        super().handle_exit(sig, frame)


def main() -> int:
    try:
        settings = Settings.read(os.environ)
    except SettingsError as error:
        print(f"podwright-api: {error}", file=sys.stderr)
        return 2
    configure(settings.log_level)
    tracing = from_environment("podwright-api", os.environ)
    app = create_app(settings, tracing)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=PromptProtocol,
        # The facade logs requests itself, with their ids.
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    try:
        _Server(config).run()
    finally:
        tracing.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
