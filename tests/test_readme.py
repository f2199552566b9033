"""Every command in the README is run, in the surroundings that a reader has.

In a ``console`` block, a line that starts with ``$`` is a command; ``# exits N`` behind it says with
which status it ends, and the lines below it are what it prints, to the letter. A ``python`` block is
a file whose first line names it. A ``text`` block is a piece of the output of the console block
before it, but for its figures.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyroute2 import IPRoute

from hil.clock import WallClock
from hil.endpoints.admission import Admission
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history import events as ev
from hil.net import namespace
from hil.net.namespace import Namespace
from hil.net.virtual import VirtualNetwork
from hil.reference.profile_builder import compress, encrypt, flat_profile

ROOT = Path(__file__).parents[1]
MAC = "00:0e:08:aa:bb:cc"
PROFILE = flat_profile(Resync_Periodic="7200")

namespace.enter()


@dataclass(frozen=True)
class Command:
    """A line behind a ``$``, the exit status and the output that it is said to have."""

    line: str
    status: int
    output: str
    excerpt: str
    """The text block below it."""

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line)

    @property
    def program(self) -> str:
        return self.words[0]

    @property
    def written(self) -> set[str]:
        """The folders that it leaves behind."""
        following = zip(self.words, self.words[1:], strict=False)
        return {word for option, word in following if option in ("--out", "--directory")}

    def reads(self, folder: str) -> bool:
        """Whether it looks into a folder that a command before it left behind."""
        return folder not in self.written and any(
            word.partition("/")[0] == folder for word in self.words
        )


README = (ROOT / "README.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(
    r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
)


def commands() -> Iterator[Command]:
    for (language, block), (below, text) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if language != "console":
            continue
        parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
        for number, part in enumerate(parts, start=1):
            line, _, output = part.partition("\n")
            line, _, exits = line.partition("  # exits ")
            last = number == len(parts) and below == "text"
            yield Command(line, int(exits or 0), output, text if last else "")


COMMANDS = list(commands())
HERE = [c for c in COMMANDS if c.program.startswith(".venv/bin/")]
MAKE = [c for c in COMMANDS if c.program == "make"]
ON_A_NETWORK = [c for c in COMMANDS if c.line.startswith("sudo .venv/bin/hil phone ")]
PYTHON = [block for language, block in BLOCKS if language == "python"]


def lines(some: list[Command]) -> list[object]:
    return [pytest.param(command, id=command.line.removeprefix(".venv/bin/")) for command in some]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader has in front of them: ``.venv``, the README's own files and a profile."""
    directory = tmp_path_factory.mktemp("checkout")
    (directory / ".venv").symlink_to(sys.prefix)
    for block in PYTHON:
        name = re.match(r"# (test_\w+\.py)\n", block)
        assert name is not None, "a Python block names its file first"
        (directory / name[1]).write_text(block)
    (directory / "profile.xml.gz").write_bytes(encrypt(compress(PROFILE), "secret", salt=bytes(8)))
    return directory


def run(
    command: str, cwd: Path, where: Namespace | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command line as a shell would, in another network namespace if there is one."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "NO_COLOR": "1"}
    with where.entered() if where is not None else contextlib.nullcontext():
        process = subprocess.Popen(
            shlex.split(command),
            cwd=cwd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    try:
        output, errors = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def the(piece: str) -> Command:
    """The one command that a test looks at more closely."""
    (found,) = [command for command in COMMANDS if piece in command.line]
    return found


def without_figures(text: str) -> str:
    return re.sub(r"\d+(\.\d+)?", "#", " ".join(text.split()))


def test_every_block_is_of_a_kind_that_is_tried() -> None:
    assert README.count("```") == 2 * len(BLOCKS)
    # What needs a rack stands in a sh block, which tests/test_racks_page.py holds against the commands.
    assert {language for language, _ in BLOCKS} == {"console", "python", "text", "sh"}
    assert [c.line for c in COMMANDS if c not in HERE + MAKE + ON_A_NETWORK] == []
    texts = [block for language, block in BLOCKS if language == "text"]
    assert texts == [c.excerpt for c in COMMANDS if c.excerpt]


def prepare(command: Command, checkout: Path) -> None:
    """Run the commands before this one whose folders it reads, unless another test has."""
    earlier = HERE[: HERE.index(command)]
    folders = {folder for each in earlier for folder in each.written if command.reads(folder)}
    missing = {folder for folder in folders if not (checkout / folder).exists()}
    for each in earlier:
        if each.written & missing:
            run(each.line, checkout)


@pytest.mark.parametrize("command", lines(HERE))
def test_the_command_does_what_it_says(checkout: Path, command: Command) -> None:
    prepare(command, checkout)
    done = run(command.line, checkout)
    assert done.returncode == command.status, done.stdout + done.stderr
    if command.output:
        assert done.stdout == command.output
    said = without_figures(done.stdout)
    assert "warning" not in said
    for piece in without_figures(command.excerpt).split("…"):
        assert piece.strip() in said


@pytest.mark.parametrize("command", lines(MAKE))
def test_the_target_is_there(command: Command) -> None:
    if shutil.which("make") is None:
        pytest.skip("needs make: apt-get install make")
    planned = run(f"{command.line} --dry-run --always-make", ROOT)
    assert planned.returncode == 0, planned.stderr
    what = {"make certify": "bin/hil certify", "make test": "-m pytest"}
    assert what[command.line] in planned.stdout


def test_a_first_test_takes_fifteen_lines() -> None:
    (block,) = PYTHON
    assert len([line for line in block.splitlines() if line]) <= 15


def test_the_evidence_is_where_it_is_said_to_be(checkout: Path) -> None:
    command = the("--out evidence")
    run(command.line, checkout)
    evidence = checkout / "evidence"
    results = json.loads((checkout / "results.json").read_text())
    assert {"run", "handset", "tests"} <= set(results)
    told = {"id", "verdict", "cause", "requirements", "wall_s", "lab_s", "findings"}
    assert all(told <= set(test) for test in results["tests"])
    logs = list((evidence / "logs").iterdir())
    assert len(logs) >= len(results["tests"]) > 0
    for line in (evidence / "history.jsonl").read_text().splitlines():
        json.loads(line)
    cases = ET.parse(evidence / "junit.xml").getroot().iter("testcase")  # noqa: S314 - our own
    assert len(list(cases)) == len(results["tests"])
    allure = [json.loads(p.read_text()) for p in (evidence / "allure").glob("*-result.json")]
    labels = {label["value"] for case in allure for label in case["labels"]}
    assert {name for test in results["tests"] for name in test["requirements"]} <= labels
    assert (evidence / "tls-keys.log").exists()


@pytest.fixture
def network() -> Iterator[VirtualNetwork]:
    """A network with one port, whose interface is called as in the README."""
    with contextlib.closing(VirtualNetwork()) as made:
        port = made.add_handset(MAC)
        with port.far.namespace.entered():
            route = IPRoute()
        (index,) = route.link_lookup(ifname="eth0")
        route.link("set", index=index, ifname="eth1")
        route.close()
        yield made


@pytest.mark.parametrize("command", lines(ON_A_NETWORK))
def test_the_virtual_handset_provisions_itself_on_a_network_of_ones_own(
    checkout: Path, network: VirtualNetwork, command: Command
) -> None:
    """With sudo the reader becomes root; the test is root of its network already."""
    (port,) = network.ports
    with contextlib.closing(WallClock()) as clock:
        history = History(clock)
        surroundings = (network.place(), clock, history, Admission(MAC))
        dhcp = DhcpEndpoint(*surroundings, handset_address=port.address)
        tftp = TftpEndpoint(*surroundings)
        dhcp.offer(option_66=tftp.address)
        tftp.serve("/7832-3PCC.xml", PROFILE)
        clock.run(dhcp.start())
        clock.run(tftp.start())
        line = command.line.removeprefix("sudo ") + " --resyncs 1"
        done = run(line, checkout, port.far.namespace)
        clock.run(tftp.close())
        clock.run(dhcp.close())
    assert done.returncode == 0, done.stdout + done.stderr
    (ended,) = history.all(ev.TransferEnded)
    assert (ended.path, ended.outcome, ended.body) == (
        "/7832-3PCC.xml", ev.Outcome.COMPLETE, PROFILE,
    )  # fmt: skip
