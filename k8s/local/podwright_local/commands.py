"""Running programs: output to a log, and a failure that shows the log's end."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TAIL_LINES = 20


class LocalError(Exception):
    """Something that a person must read; the message says what to do or which log to look at."""


@dataclass(eq=False)
class CommandError(LocalError):
    """A program that failed."""

    argv: tuple[str, ...]
    status: int
    output: str
    log: Path | None = None

    def __str__(self) -> str:
        where = f"; the log is {self.log}" if self.log else ""
        shown = " ".join(self.argv[:6]) + (" ..." if len(self.argv) > 6 else "")
        return f"`{shown}` ended with {self.status}{where}\n{tail(self.output)}"


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """The last lines, indented."""
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-lines:])


def tail_of(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, read from its end."""
    if not log.exists():
        return f"    ({log} does not exist)"
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 65536))
        return tail(stream.read().decode(errors="replace"), lines)


def run_logged(
    argv: Sequence[str | Path],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run a long program with all its output in `log`.

    Raises:
        CommandError: it failed; the message ends with the log's last lines.
    """
    arguments = tuple(str(part) for part in argv)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as stream:
        result = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=_environment(env),
            cwd=cwd,
            check=False,
        )
    if result.returncode != 0:
        raise CommandError(arguments, result.returncode, log.read_text(errors="replace"), log)


def output_of(
    argv: Sequence[str | Path],
    *,
    input_text: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
) -> str:
    """What a short program prints.

    Raises:
        CommandError: it failed; the message ends with what it wrote to its error stream.
    """
    arguments = tuple(str(part) for part in argv)
    try:
        result = subprocess.run(
            arguments,
            input=input_text if input_text is not None else "",
            capture_output=True,
            text=True,
            env=_environment(env),
            cwd=cwd,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        said = error.stderr.decode(errors="replace") if isinstance(error.stderr, bytes) else error.stderr or ""
        raise CommandError(arguments, -signal.SIGKILL, f"{said}\nno answer after {timeout:.0f} s") from error
    if result.returncode != 0:
        raise CommandError(arguments, result.returncode, result.stderr or result.stdout)
    return result.stdout


def succeeds(argv: Sequence[str | Path]) -> bool:
    """Whether a short program ends well; its output does not matter."""
    arguments = tuple(str(part) for part in argv)
    return subprocess.run(arguments, capture_output=True, stdin=subprocess.DEVNULL, check=False).returncode == 0


def _environment(extra: Mapping[str, str] | None) -> dict[str, str] | None:
    return {**os.environ, **extra} if extra is not None else None
