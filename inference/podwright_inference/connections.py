"""Connections of clients, which a Kubernetes Service ties to one pod for as long as they are kept."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class OneRequestAConnection:
    """Closes each connection after its answer.

    A kept one would send its next request to the same pod: past other replicas, and to a replaced model until that is
    removed under a request of it. Next to what a model does, a new connection costs nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, send_last)
