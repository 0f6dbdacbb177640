"""All commands, in the order in which ``--help`` lists them."""

import importlib
import keyword
import logging
import sys
from typing import Any

import click

from podwright_cli.acting import approve, reject, retry, submit
from podwright_cli.completion import VARIABLE, completion
from podwright_cli.errors import CliError, Exit
from podwright_cli.logs import logs
from podwright_cli.options import missing_extra
from podwright_cli.reading import explain_command, plan, status

__all__ = ["VARIABLE", "cli"]


class Deferred(click.Command):
    """A command of another part, imported when it is called: its extra need not be installed for the others."""

    def __init__(self, name: str, module: str, extra: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)
        self._module = module
        # ``import`` is no name in Python.
        self._attribute = f"{name}_command" if keyword.iskeyword(name) else name
        self._extra = extra

    def load(self) -> click.Command:
        """Raises ``CliError`` with the extra to install."""
        try:
            command = getattr(importlib.import_module(self._module), self._attribute)
        except ModuleNotFoundError as missing:
            if (missing.name or "").startswith("podwright_"):
                raise
            raise missing_extra(missing, self._extra) from missing
        assert isinstance(command, click.Command)  # noqa: S101 (for the type checker)
        return command


class Commands(click.Group):
    """Expected failures end with a message; commands are listed in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, Deferred):
            try:
                command = command.load()
            except CliError as error:
                if ctx.resilient_parsing:
                    return name, command, rest
                raise as_click(error) from error
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CliError as error:
            raise as_click(error) from error


def as_click(error: CliError) -> click.ClickException:
    return click.UsageError(str(error)) if error.code is Exit.USAGE else click.ClickException(str(error))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="podwright")
@click.option("-v", "--verbose", is_flag=True, help="Show what the libraries log.")
def cli(*, verbose: bool) -> None:
    """Podwright: podcast production and marketing on your own machines.

    Commands that talk to a cluster find it as kubectl does. Everything also works as `kubectl podwright`.
    """
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, stream=sys.stderr)


for _command in (status, explain_command, plan, submit, approve, reject, retry, logs):
    cli.add_command(_command)
cli.add_command(
    Deferred(
        "run",
        "podwright_pipeline.cli",
        "pipeline",
        "Process a recording on this machine.",
    )
)
cli.add_command(
    Deferred(
        "compose",
        "podwright_pipeline.compose_cli",
        "pipeline",
        "Write a text on a topic or about an episode, or refine one.",
    )
)
cli.add_command(Deferred("import", "podwright_cli.importing", "cli", "Import an existing show from its feed."))
cli.add_command(Deferred("backup", "podwright_api.backup.commands", "api", "Back the facade's database up."))
cli.add_command(Deferred("restore", "podwright_api.backup.commands", "api", "Restore the facade's database."))
cli.add_command(completion)
