"""docs/racks.md, and the commands of the README that need a rack: what they show is what there is.

No phone is at hand to run them against, so each command line is held against the command's own options,
and each piece of an inventory against the schema.
"""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import BaseModel, TypeAdapter

from hil.cli import SUMMARIES
from hil.testbed.authorities import AuthorityEntry
from hil.testbed.consoles import ConsoleEntry
from hil.testbed.networks import Network
from hil.testbed.pdus import Pdu
from hil.testbed.yaml_lines import parse

ROOT = Path(__file__).parents[1]
PAGES = {name: (ROOT / name).read_text() for name in ("README.md", "docs/racks.md")}
BLOCKS = [
    (language, block)
    for page in PAGES.values()
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
]
LINES = [
    line.removeprefix("$ ").removeprefix("sudo ")
    for language, block in BLOCKS
    if language in ("sh", "console")
    for line in block.splitlines()
    if re.match(r"(\$ )?(sudo )?hil ", line)
]
PIECES: list[Any] = [
    parse(block.replace(", ...}", "}"), "docs/racks.md").value
    for language, block in BLOCKS
    if language == "yaml"
]
HOST_KEY = "SHA256:" + "A" * 43
SECRETS = {"env": "NAME", "file": "PATH"}


def parsed(line: str) -> click.Context:
    """What click makes of a command line, without doing anything."""
    words = shlex.split(line, comments=True)[1:]
    words = words[: words.index(">")] if ">" in words else words
    command = importlib.import_module(f"hil.commands.{words[0]}").command
    context = None
    while True:
        name, rest = words[0], words[1:]
        # Resilient: no callback runs, so nothing is opened; unknown options are errors all the same.
        context = command.make_context(name, list(rest), parent=context, resilient_parsing=True)
        if not isinstance(command, click.Group):
            return context
        found = command.get_command(context, rest[0])
        assert found is not None, f"{name} has no command {rest[0]}"
        command, words = found, rest


def known(command: click.Command) -> set[str]:
    return {option for each in command.params for option in (*each.opts, *each.secondary_opts)}


def test_there_is_something_to_look_at() -> None:
    assert len(LINES) >= 20
    assert len(PIECES) >= 4
    named = {shlex.split(line)[1] for line in LINES}
    assert named <= set(SUMMARIES)
    assert named >= {"testbed", "doctor", "power", "console", "leases", "recover", "certify"}


@pytest.mark.parametrize("line", LINES)
def test_a_command_has_the_options_that_it_is_shown_with(line: str) -> None:
    command = parsed(line).command
    shown = set(re.findall(r"(?<= )(--[a-z-]+)", line.partition("#")[0]))
    assert shown <= known(command) | {"--help"}


def plain(value: Any) -> Any:
    """A piece with its secrets and its shortened host key put in."""
    if isinstance(value, dict):
        if len(value) == 1 and value.keys() <= SECRETS.keys() | {"keyring"}:
            return "secret secret"
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return HOST_KEY if isinstance(value, str) and value.endswith("...") else value


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: " ".join(piece))
def test_a_piece_of_an_inventory_is_right(piece: dict[str, Any]) -> None:
    for key, value in plain(piece).items():
        match key:
            case "authority":
                # The files are a laboratory's.
                held: object = AuthorityEntry.model_validate(value, context={"secrets": False})
            case "network":
                held = Network.model_validate(value)
            case "pdus":
                held = TypeAdapter(tuple[Pdu, ...]).validate_python(value)
            case "handsets":
                held = [ConsoleEntry.model_validate(h["console"]) for h in value if "console" in h]
            case _:
                pytest.fail(f"nobody looks at {key}")
        assert isinstance(held, BaseModel | tuple | list)
