"""``python -m podwright_api.openapi [--check]``: writes ``openapi.json``, or checks that it is current."""

import argparse
import json
import sys
from pathlib import Path

from podwright_api.app import create_app
from podwright_api.settings import AccessToken, Settings

FILE = Path(__file__).parent / "openapi.json"


def document() -> str:
    """The OpenAPI document of this version, as JSON."""
    settings = Settings(token=AccessToken(value="only to build the contract"))
    return json.dumps(create_app(settings).openapi(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m podwright_api.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where the file is not current")
    check = parser.parse_args().check
    if not check:
        FILE.write_text(document())
    elif not FILE.exists() or FILE.read_text() != document():
        sys.stderr.write(f"{FILE} is not current; run: python -m podwright_api.openapi\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
