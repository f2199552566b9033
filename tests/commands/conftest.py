"""Calls the command line as a user does, but within this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from hil.cli import main


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def call(*arguments: str, stdin: bytes = b"") -> Answer:
    result = CliRunner().invoke(main, arguments, input=stdin, prog_name="hil")
    return Answer(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def hil():
    """``hil("expand", "$MA")`` answers with exit code, stdout and stderr."""
    return call


@pytest.fixture
def refused(hil):
    """Calls ``hil`` with something wrong and returns its one line of complaint."""

    def complaint(*arguments: str) -> str:
        answer = hil(*arguments)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.count("\n") == 1
        assert answer.err.startswith("Error: ")
        return answer.err

    return complaint
