"""The real receiver in a thread, and one that keeps a delivery and then answers badly."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from podwright_publish.receiver import Handler, Inbox, server

SECRET = "whsec_" + "QUFB" * 8


@dataclass
class Script:
    """How the first deliveries of each post are answered, after they were kept: a status, or None for no answer."""

    answers: list[int | None] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    #: Set by whoever wants connections without an answer to end.
    release: threading.Event = field(default_factory=threading.Event)


@dataclass
class Receiver:
    url: str
    inbox: Inbox


@contextmanager
def receiver(folder: Path, script: Script | None = None) -> Iterator[Receiver]:
    """The receiver on a free port of this machine."""
    told = script or Script()

    class Scripted(Handler):
        def taken(self, record: dict[str, Any]) -> None:
            place = record["deliveries"] - 1
            if place >= len(told.answers):
                super().taken(record)
            elif (status := told.answers[place]) is None:
                told.release.wait(30)
                self.close_connection = True
            else:
                self.answer(HTTPStatus(status), {"error": "told to"})

        def end_headers(self) -> None:
            for name, value in told.headers.items():
                self.send_header(name, value)
            super().end_headers()

    inbox = Inbox(folder, SECRET)
    running = server(inbox, "127.0.0.1", 0, Scripted)
    thread = threading.Thread(target=running.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Receiver(f"http://127.0.0.1:{running.server_port}/hook", inbox)
    finally:
        told.release.set()
        running.shutdown()
        running.server_close()
        thread.join()
