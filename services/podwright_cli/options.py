"""What commands that talk to a cluster have in common."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click
from click.shell_completion import CompletionItem

from podwright_cli.errors import CliError
from podwright_cli.refs import KIND_WORDS, kind_named, ref_named
from podwright_desk.refs import Ref

if TYPE_CHECKING:
    from podwright_cli.cluster import Cluster

P = ParamSpec("P")


def connect(kubeconfig: str | None, context: str | None, namespace: str | None) -> "Cluster":
    """The cluster; raises ``CliError`` where there is none, or no client for it."""
    try:
        from podwright_cli.cluster import Cluster  # noqa: PLC0415 (commands without a cluster need no client)
    except ModuleNotFoundError as missing:
        raise missing_extra(missing, "cli") from missing
    return Cluster.connect(kubeconfig, context, namespace)


def missing_extra(missing: ModuleNotFoundError, extra: str) -> CliError:
    return CliError(f"This needs the Python package {missing.name}: pip install 'podwright[{extra}]'")


def on_cluster(command: Callable[Concatenate["Cluster", P], None]) -> Callable[..., None]:
    """Add kubectl's options, and pass the cluster that they name as the first argument."""

    @click.option("-n", "--namespace", help="Namespace; by default that of the kubeconfig's context.")
    @click.option("--context", help="Context of the kubeconfig; by default its current one.")
    @click.option("--kubeconfig", help="Path of the kubeconfig; by default $KUBECONFIG or ~/.kube/config.")
    @functools.wraps(command)
    def with_cluster(
        namespace: str | None, context: str | None, kubeconfig: str | None, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        command(connect(kubeconfig, context, namespace), *args, **kwargs)

    return with_cluster


output_option = click.option(
    "-o",
    "--output",
    "output_",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print it; text by default.",
)


class RefType(click.ParamType[Ref]):
    """KIND/NAME; completes kinds, then the names that the cluster has."""

    name = "KIND/NAME"

    def __init__(self, *kinds: str) -> None:
        self._kinds = kinds or KIND_WORDS

    def convert(self, value: str | Ref, param: click.Parameter | None, ctx: click.Context | None) -> Ref:
        if isinstance(value, Ref):
            return value
        try:
            ref = ref_named(value)
        except CliError as error:
            self.fail(str(error), param, ctx)
        if ref.kind.KIND.lower() not in self._kinds:
            self.fail(f"'{value}': this takes {' or '.join(f'{kind}/NAME' for kind in self._kinds)}.", param, ctx)
        return ref

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        del param
        word, slash, _ = incomplete.partition("/")
        if not slash:
            found = [f"{kind}/" for kind in self._kinds if kind.startswith(word)]
        else:
            try:
                cluster = connect(*(ctx.params.get(name) for name in ("kubeconfig", "context", "namespace")))
                found = [str(Ref.of(item)) for item in cluster.all(kind_named(word))]
            except CliError:
                found = []  # a completion has nobody to tell
        return [CompletionItem(item) for item in found if item.startswith(incomplete)]


def now() -> datetime:
    return datetime.now(UTC)
