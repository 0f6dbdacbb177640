"""``python -m podwright_local.typescript_client [--check]``: the TypeScript client's types, from the OpenAPI document.

openapi-typescript and tsc come from npm, once, below the cache; what was made of the same inputs is not made again.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from podwright_local.commands import LocalError, run_logged
from podwright_local.keys import digest, digest_files
from podwright_local.locks import exclusive
from podwright_local.paths import REPOSITORY, Cache
from podwright_local.progress import Progress

RECIPE = "1"
CLIENT = REPOSITORY / "clients" / "typescript"
TYPES = CLIENT / "src" / "schema.ts"
OPENAPI = REPOSITORY / "services" / "podwright_api" / "openapi.json"
_PACKAGES = ("package.json", "package-lock.json")
_BUILT_FROM = (*_PACKAGES, "tsconfig.json", "src")
#: What has a default may be left out, in requests as in answers.
_OPTIONS = ("--default-non-nullable=false",)
_METHODS = frozenset({"get", "put", "post", "delete", "patch"})
_FIRST_ERROR = 400


def slim(document: dict[str, Any]) -> dict[str, Any]:
    """The document with one answer for all failures, whose body is the same: a tenth of the types, and none lost.

    Titles repeat the names and go as well.
    """
    failure = {"$ref": "#/components/schemas/FailureAnswer"}
    answer = {"description": "Not fulfilled", "content": {"application/json": {"schema": failure}}}
    for path in document["paths"].values():
        for method in _METHODS & path.keys():
            responses = path[method]["responses"]
            kept = {status: told for status, told in responses.items() if int(status) < _FIRST_ERROR}
            path[method]["responses"] = kept | ({"default": answer} if len(kept) < len(responses) else {})
    untitled: dict[str, Any] = _untitled(document)
    return untitled


def generate(cache: Cache, progress: Progress) -> str:
    """The types of the contract as it is now."""
    key = digest(RECIPE, *_OPTIONS, OPENAPI.read_text(), digest_files(CLIENT, _PACKAGES))
    target = cache.root / "typescript" / f"types-{key}.ts"
    with exclusive(cache.locks / "typescript-types"):
        if not target.exists():
            modules = _modules(cache, progress)
            source = target.with_suffix(".json")
            source.write_text(json.dumps(slim(json.loads(OPENAPI.read_text()))))
            fresh = target.with_suffix(".new.ts")
            program = modules / "openapi-typescript" / "bin" / "cli.js"
            run_logged([node(), program, source, "--output", fresh, *_OPTIONS], cache.logs / "typescript-types.log")
            fresh.rename(target)
    return target.read_text()


def build(cache: Cache, progress: Progress) -> Path:
    """The client as JavaScript, checked by tsc: a folder with ``dist`` and the packages that it needs."""
    target = cache.root / "typescript" / f"client-{digest(RECIPE, digest_files(CLIENT, _BUILT_FROM))}"
    with exclusive(cache.locks / "typescript-client"):
        if not target.exists():
            modules = _modules(cache, progress)
            fresh = target.with_name(f"{target.name}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            for part in (*_PACKAGES, "tsconfig.json"):
                shutil.copy(CLIENT / part, fresh / part)
            shutil.copytree(CLIENT / "src", fresh / "src")
            (fresh / "node_modules").symlink_to(modules)
            run_logged(
                [node(), modules / "typescript" / "bin" / "tsc", "-p", fresh], cache.logs / "typescript-client.log"
            )
            fresh.rename(target)
    return target


def _modules(cache: Cache, progress: Progress) -> Path:
    target = cache.root / "typescript" / f"packages-{digest(RECIPE, digest_files(CLIENT, _PACKAGES))}"
    with exclusive(cache.locks / "typescript-packages"):
        if not target.exists():
            npm = shutil.which("npm")
            if npm is None:
                message = "The TypeScript client is made with npm: please install Node with it (apt-get install npm)."
                raise LocalError(message)
            log = cache.logs / "typescript-packages.log"
            with progress.step("installing openapi-typescript from npm", log):
                fresh = target.with_name(f"{target.name}.new")
                shutil.rmtree(fresh, ignore_errors=True)
                fresh.mkdir(parents=True)
                for part in _PACKAGES:
                    shutil.copy(CLIENT / part, fresh / part)
                env = {"npm_config_cache": str(cache.root / "npm"), "npm_config_update_notifier": "false"}
                command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
                run_logged(command, log, env=env, cwd=fresh)
                fresh.rename(target)
    return target / "node_modules"


def node() -> str:
    """The program; raises ``LocalError`` where it is not there."""
    program = shutil.which("node")
    if program is None:
        raise LocalError("The TypeScript client needs Node 20 or newer: please install it (apt-get install nodejs).")
    return program


def _untitled(value: Any, *, names: bool = False) -> Any:
    """Without titles; ``names``: the keys are names that somebody chose, and ``title`` may be one."""
    if isinstance(value, list):
        return [_untitled(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _untitled(one, names=key in ("properties", "schemas") and not names)
        for key, one in value.items()
        if names or key != "title" or not isinstance(one, str)
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m podwright_local.typescript_client", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where the types are not current or do not hold")
    check = parser.parse_args().check
    cache = Cache.from_environment()
    try:
        with Progress() as progress:
            types = generate(cache, progress)
            if not check:
                TYPES.write_text(types)
            elif not TYPES.exists() or TYPES.read_text() != types:
                sys.stderr.write(f"{TYPES} is not current; run: make generate\n")
                return 1
            build(cache, progress)
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
