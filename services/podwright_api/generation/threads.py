"""Work that blocks, in a thread that nothing waits for when the process ends."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_daemon_thread(function: Callable[[], T]) -> T:
    """The function's result. Whoever is cancelled leaves the thread to itself.

    The threads of executors are joined when the interpreter ends, which would hold up the end of a process for as long
    as a model writes.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def tell(value: T | None, error: BaseException | None) -> None:
        if result.done():
            return
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(value)  # type: ignore[arg-type]  # it is the function's, where there is no error

    def run() -> None:
        value, error = None, None
        try:
            value = function()
        except BaseException as raised:  # noqa: BLE001  (it is raised where the result is awaited)
            error = raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, value, error)

    threading.Thread(target=run, name="writing", daemon=True).start()
    return await result
