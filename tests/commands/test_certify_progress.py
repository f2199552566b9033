"""What a handset keeps everybody waiting for reaches standard error, on one handset or on several."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hil.commands.certify_progress import Teller, aside
from hil.commands.certify_run import Chosen
from hil.commands.certify_several import _Reader
from hil.commands.output import Voice
from hil.parallel.spreading import Spreading
from hil.suite_location import suite_root
from hil.testbed.inventory import load

VIRTUAL = suite_root() / "testbeds" / "virtual.yaml"
UNDER_PYTEST = """
import sys
from pathlib import Path
import pytest
from hil.commands.certify_progress import Progress, aside
from hil.commands.output import Voice
from hil.pytest_plugin import ASIDE
from hil.suite_location import pytest_arguments
from hil.testbed.inventory import load

testbed = load(Path(sys.argv[1]))

class Waits:
    @pytest.hookimpl(trylast=True)
    def pytest_runtest_setup(self, item):
        print("of the test", file=sys.stderr)
        item.config.stash[ASIDE]("waiting for its \\x1bpage")

with aside() as say:
    voice = Voice(to_stderr=False, alone=False)
    progress = Progress(testbed.handset(), testbed, (), voice, say)
    options = [each for each in pytest_arguments() if each != "--hil-certify"]
    pytest.main([sys.argv[2], *options], plugins=[progress, Waits()])
"""


def test_one_handset_says_it_while_pytest_keeps_what_tests_print(tmp_path: Path) -> None:
    test = tmp_path / "test_nothing.py"
    test.write_text("def test_nothing(): pass\n")
    command = [sys.executable, "-c", UNDER_PYTEST, str(VIRTUAL), str(test)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == f"{load(VIRTUAL).handset().name}: waiting for its \\x1bpage\n"
    assert "waiting" not in done.stdout


def test_a_line_that_comes_too_late_is_no_error() -> None:
    with aside() as say:
        pass
    say("waiting")


def test_several_handsets_say_it_each_with_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = Chosen(VIRTUAL, (), (), (), wall_clock=False)
    spreading = Spreading(load(VIRTUAL), ("v1", "v2"))
    reader = _Reader(chosen, spreading, Teller(Voice(to_stderr=False, alone=False)))
    reader.remarked("v2", "waiting for its \x1bpage")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "v2: waiting for its \\x1bpage\n")
