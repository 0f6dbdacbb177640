"""`make bench-demo`: `make demo` from a clone of what is committed, with empty caches, and again after `make down`.

It needs what `make demo` needs, about 40 GB of disk for the length of the run, and no other cluster called `bench`. The
last line is one JSON object; `steps` has the seconds of each step of the cold run, which overlap.
"""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import click

REPOSITORY = Path(__file__).parents[2]
CLUSTER = "bench"
#: Variables of the make that started this one.
_OURS = ("VIRTUAL_ENV", "UV_", "MAKE")


class Checkout:
    """A clone of the repository with a cache of its own, below one folder."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "podwright"
        self._times = folder / "times.json"
        self._environment = {
            **{
                name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "UV_", "MAKE"))
            },
            "PODWRIGHT_CACHE": str(folder / "cache"),
        }
        subprocess.run(["git", "clone", "--quiet", REPOSITORY, self._root], check=True)

    def demo(self) -> tuple[float, dict[str, float]]:
        """Seconds of the whole command, and of each of its steps."""
        began = time.monotonic()
        self.make("demo", f"NAME={CLUSTER}", f"TIMES={self._times}")
        return time.monotonic() - began, json.loads(self._times.read_text())

    def make(self, *arguments: str) -> None:
        subprocess.run(["make", "--no-print-directory", *arguments], cwd=self._root, env=self._environment, check=True)


@click.command()
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), help="Where to work; default: the temporary folder."
)
def main(folder: Path | None) -> None:
    """Measure `make demo`, cold and warm."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="podwright-bench-") as work:
        checkout = Checkout(Path(work))
        try:
            cold, steps = checkout.demo()
            checkout.make("down", f"NAME={CLUSTER}")
            warm, _ = checkout.demo()
        finally:
            checkout.make("clean")
    figures = {"size": "full", "cold_s": round(cold, 1), "warm_s": round(warm, 1)}
    figures["steps"] = {name: round(seconds, 1) for name, seconds in steps.items()}
    click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
