"""Each command of docs/api.md asks for something that the facade has, with a body that it takes; each error is told."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jsonschema_rs import Draft202012Validator

from podwright_api import openapi
from podwright_api.envelope import STATUS_OF

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
CONTRACT: dict[str, Any] = json.loads(openapi.FILE.read_text())


#: Stands for what the shell puts into a body: long enough for a verifier, and a checksum.
SHELL_VALUE = "ab" * 32


class Command(NamedTuple):
    method: str
    path: str
    body: str | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def shell_words() -> str:
    """All shell of the document in one, with lines that go on joined."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    return re.sub(r"^\$ ", "", "\n".join(blocks).replace("\\\n", " "), flags=re.MULTILINE)


def commands() -> list[Command]:
    found = []
    # From one call to the next; what a body holds may stand in several lines.
    for text in re.split(r"(?=\b(?:call|curl) )", shell_words()):
        address = re.search(r'"?\$API(/[^\s"|)]*)', text)
        if address is None or not text.startswith(("call", "curl")):
            continue
        body = re.search(r"""-d '((?:[^']|'"[^"]*"')*)'""", text)
        method = re.search(r"-X (\w+)", text)
        default = "POST" if body else "GET"
        found.append(Command(method[1] if method else default, address[1], body[1] if body else None))
    return found


def operation(command: Command) -> tuple[dict[str, Any], set[str]]:
    """What the contract says of a command, and the names of its query."""
    path, _, query = command.path.partition("?")
    asked = f"/api/v1{path}".split("/")
    for pattern, operations in CONTRACT["paths"].items():
        parts = pattern.split("/")
        fits = len(parts) == len(asked) and all(
            part == word or (part.startswith("{") and word) for part, word in zip(parts, asked, strict=True)
        )
        # A path without a variable part comes first in the contract where both would fit.
        if fits and command.method.lower() in operations:
            return operations[command.method.lower()], set(re.findall(r"(\w+)=", query))
    pytest.fail(f"the contract has no {command}")


def test_the_walk_has_commands() -> None:
    assert len(commands()) > 25
    assert {"/auth/login", "/episodes", "/uploads"} <= {command.path for command in commands()}


@pytest.mark.parametrize("command", commands(), ids=str)
def test_a_command_is_one_of_the_contract(command: Command) -> None:
    told, asked = operation(command)
    assert asked <= {parameter["name"] for parameter in told.get("parameters", []) if parameter["in"] == "query"}
    if command.body is None:
        return
    # '"$NAME"' and '"$(…)"' put a value there; what is left out is an ellipsis.
    body = json.loads(re.sub(r"""'"[^"]*"'""", SHELL_VALUE, command.body).replace("\n", " "))
    schema = told["requestBody"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator(schema | {"components": CONTRACT["components"]})
    problems = [error.message for error in validator.iter_errors(body)]
    # One shows how a mistake is told.
    assert bool(problems) == ("titel" in command.body), problems


def test_what_to_do_about_each_error_is_told() -> None:
    rows = re.findall(r"^\| (\d{3}) \| ([^|]+) \|", DOCUMENT.read_text(), re.MULTILINE)
    told = {(int(status), code) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    assert told == {(int(status), code.value) for code, status in STATUS_OF.items()}
