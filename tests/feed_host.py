"""A podcast host that a show is imported from."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from podwright_core.feed import Enclosure, FeedDocument, FeedItem, feed_pages, page_name

#: Puts a file on the web; gives its address.
Put = Callable[[str, bytes], str]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing."""


@contextmanager
def feed_host(root: Path, name: str = "127.0.0.1") -> Iterator[Put]:
    """The host, whose addresses have this name."""
    root.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def put(file: str, content: bytes) -> str:
        (root / file).write_bytes(content)
        return f"http://{name}:{server.server_port}/{file}"

    yield put
    server.shutdown()
    thread.join()
    server.server_close()


def paged(put: Put, count: int, title: str = "Long", guid: str = "917393e3-1b1e-5cef-ace4-edaa54e1f810") -> str:
    """A show of so many episodes on pages of five; the address of the first."""
    address = put("feed.xml", b"")
    items = tuple(
        FeedItem.model_validate(
            {
                "guid": f"guid-{n:03}",
                "title": f"Episode number {n:03}",
                "published_at": f"2020-01-{n % 28 + 1:02}T00:00:00Z",
                "enclosure": Enclosure(url=f"https://old.example/{n}.mp3", length=9, type="audio/mpeg"),
            }
        )
        for n in range(count)
    )
    document = FeedDocument(
        url=address, guid=guid, title=title, description="d", language="en",
        author="a", owner_name="o", owner_email="o@example.org", items=items,
    )  # fmt: skip
    for number, xml in enumerate(feed_pages(document, 5), 1):
        put(page_name(number), xml)
    return address
