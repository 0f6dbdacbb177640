"""``podwright``, also as ``kubectl podwright``: the entry point of both."""

import sys
from pathlib import Path

#: What every command needs; each extra with commands brings these.
_BASE = {"click", "rich"}


def main() -> None:
    """Run the command line. Only what a command needs is imported."""
    try:
        from podwright_cli.commands import VARIABLE, cli  # noqa: PLC0415 (tells what is missing)
    except ModuleNotFoundError as missing:
        if missing.name not in _BASE:
            raise
        sys.exit(f"Error: podwright needs the Python package {missing.name}: pip install 'podwright[cli]'")
    plugin = Path(sys.argv[0]).name.startswith("kubectl-")
    cli(prog_name="kubectl podwright" if plugin else "podwright", complete_var=VARIABLE)


if __name__ == "__main__":
    main()
