"""How lines, sentences and plans look in a terminal and in a file."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from podwright_cli.story import Health, Line
from podwright_desk.ages import age
from podwright_desk.explain import Role, Sentence

_MARKS = {
    Health.READY: ("✓", "green"),
    Health.WORKING: ("↻", "cyan"),
    Health.WAITING: ("…", "yellow"),
    Health.STALLED: ("✗", "bold red"),
    Health.SUSPENDED: ("‖", "dim"),
}


def as_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def tell_story(lines: Sequence[Line], now: datetime) -> None:
    """A tree in columns; why something is not ready stands below it."""
    console = _console()
    names = ["  " * line.depth + str(line.ref) for line in lines]
    ages = [age(line.since, now) for line in lines]
    width, state, old = (
        max((len(cell) for cell in cells), default=0) for cells in (names, [line.state for line in lines], ages)
    )
    for line, name, when in zip(lines, names, ages, strict=True):
        mark, style = _MARKS[line.health]
        row = Text.assemble(
            (mark, style), f" {name:<{width}}  ", (f"{line.state:<{state}}", style), f"  {when:<{old}}  {line.what}"
        )
        _print(console, row)
        if line.why:
            indent = "  " * (line.depth + 2)
            _print(console, Text(f"{indent}{line.why}", "dim" if line.health is Health.READY else ""))


def tell_steps(steps: Sequence[str]) -> None:
    if steps:
        click.echo("\nFor you:")
        for step in steps:
            click.echo(f"  {step}")


def tell_sentences(sentences: Sequence[Sentence]) -> None:
    """The chain, each link indented below the one that it explains; then what to do."""
    console = _console()
    before = None
    for sentence in sentences:
        indent = "  " * sentence.depth
        match sentence.role:
            case Role.WANTED:
                _print(console, Text(f"{indent}{sentence.text}", "bold"))
            case Role.STATE | Role.CAUSE:
                _print(console, Text(f"{indent}  {sentence.text}"))
            case Role.CURE:
                if before is not Role.CURE:
                    click.echo()
                _print(console, Text(f"→ {sentence.text}", "green"))
                if sentence.command:
                    _print(console, Text(f"    {sentence.command}"))
        before = sentence.role


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as kubectl prints them."""
    widths = [max(len(row[index]) for row in [header, *rows]) for index in range(len(header))]
    for row in [header, *rows]:
        click.echo("   ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _console() -> Console:
    return Console(highlight=False)


def _print(console: Console, text: Text) -> None:
    # A line stays a line, so that it can be copied and searched for; the terminal wraps it.
    console.print(text, soft_wrap=True)
