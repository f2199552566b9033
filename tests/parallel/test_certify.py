"""``hil certify`` on several handsets: one run, one summary, whatever becomes of one of them."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from programs import started

from hil.history import events as ev
from hil.history import read
from hil.net.namespace import Namespace
from hil.suite_location import suite_root

HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")
MODULES = ("test_resync_on_reset.py", "test_flash.py", "test_syslog_level.py")
VIRTUAL48 = suite_root() / "testbeds" / "virtual48.yaml"


@dataclass
class Ran:
    code: int
    said: str
    told: dict[str, Any]

    @property
    def on(self) -> dict[str, set[str]]:
        """The tests of each handset."""
        found: dict[str, set[str]] = {}
        for test in self.told["tests"]:
            found.setdefault(test["handset"], set()).add(test["id"])
        return found


def certify(tmp_path: Path, *arguments: str) -> Ran:
    document = tmp_path / "results.json"
    document.touch()
    command = [*HIL, "certify", "--json", str(document), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    told = json.loads(document.read_text()) if document.stat().st_size else {}
    return Ran(done.returncode, done.stdout + done.stderr, told)


def both(*arguments: str) -> tuple[str, ...]:
    return ("--handset", "v1", "--handset", "v2", *arguments)


# -- sharing ---------------------------------------------------------------------------------------


def test_handsets_share_the_modules_and_make_one_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = certify(tmp_path, *both(*MODULES), "--out", str(out))
    assert (ran.code, ran.told["run"]["verdict"]) == (0, "PASS"), ran.said
    assert ran.told["run"]["planned"] == ran.told["run"]["concluded"] == len(ran.told["tests"])
    # Each test once, a module wholly on one handset, and both had some.
    assert len({test["id"] for test in ran.told["tests"]}) == len(ran.told["tests"])
    modules = {name: {test.split("::")[0] for test in tests} for name, tests in ran.on.items()}
    assert set(modules) == {"v1", "v2"}
    assert not modules["v1"] & modules["v2"]
    assert [each["name"] for each in ran.told["handsets"]] == ["v1", "v2"]
    assert sum(len(each["groups"]) for each in ran.told["handsets"]) == len(MODULES)
    # Each handset's evidence by itself, and what others read in one piece.
    for name, tests in ran.on.items():
        stored = read(out / name / "history.jsonl").events
        ended = {event.test for event in stored if isinstance(event, ev.Verdict)}
        assert ended == tests
    cases = list(ET.parse(out / "junit.xml").iter("testcase"))  # noqa: S314
    assert len(cases) == len(ran.told["tests"])
    handsets = Counter(
        each.get("value")
        for each in ET.parse(out / "junit.xml").iter("property")  # noqa: S314
        if each.get("name") == "handset"
    )
    assert handsets == {name: len(tests) for name, tests in ran.on.items()}
    assert len(list((out / "allure").glob("*-result.json"))) == len(cases)


def test_a_handset_that_no_module_was_left_for_is_not_passed_by_in_silence(tmp_path: Path) -> None:
    ran = certify(tmp_path, *both("test_flash.py"))
    assert ran.code == 0, ran.said
    (idle,) = {"v1", "v2"} - set(ran.on)
    why = f"{idle}: no module was left for it, so nothing is said of it"
    assert f"{why}; --each runs all of them on each handset" in ran.said


def test_with_each_every_handset_takes_every_test(tmp_path: Path) -> None:
    ran = certify(tmp_path, *both("--each", "test_flash.py"), "--out", str(tmp_path / "out"))
    assert ran.code == 0, ran.said
    assert ran.on["v1"] == ran.on["v2"]
    assert ran.told["run"]["planned"] == 2 * len(ran.on["v1"])
    cases = ET.parse(tmp_path / "out" / "junit.xml").iter("testcase")  # noqa: S314
    assert len(list(cases)) == ran.told["run"]["planned"]
    assert "nothing is said of" not in ran.said


def test_what_does_not_apply_to_a_handset_is_no_trouble_of_the_run(tmp_path: Path) -> None:
    text = (suite_root() / "testbeds" / "virtual.yaml").read_text()
    for seed in (1, 2):
        said = f"    capabilities: {{https: no}}\n    seed: {seed}"
        text = re.sub(rf"^    seed: {seed}\b", said, text, flags=re.MULTILINE)
    file = tmp_path / "less.yaml"
    file.write_text(text)
    module = "test_transfers_https.py"
    out = tmp_path / "out"
    chosen = ("--testbed", str(file), "--out", str(out), *both(module, "test_flash.py"))
    ran = certify(tmp_path, *chosen)
    assert ran.code == 0, ran.said
    words = {
        test["id"].split("::")[0].split("/")[-1]: test["verdict"] for test in ran.told["tests"]
    }
    assert words == {module: "NOT_APPLICABLE", "test_flash.py": "PASS"}
    skipped = list(ET.parse(out / "junit.xml").iter("skipped"))  # noqa: S314
    assert len(skipped) == sum(t["verdict"] == "NOT_APPLICABLE" for t in ran.told["tests"])


def test_a_fail_on_any_handset_is_the_runs(tmp_path: Path) -> None:
    ran = certify(tmp_path, *both("--defect", "never-resyncs-on-reset", *MODULES[:2]))
    assert (ran.code, ran.told["run"]["verdict"]) == (1, "FAIL")
    assert "[resync.on_reset]" in ran.said


# -- failing ---------------------------------------------------------------------------------------


def unable(tmp_path: Path) -> Path:
    """The virtual testbed with a handset v2 that takes longer to boot than anybody waits."""
    text = (suite_root() / "testbeds" / "virtual.yaml").read_text()
    head, second, tail = text.partition("- name: v2\n")
    tail = tail.replace("boot: 30, lease: 60", "boot: 0.1, lease: 0.1", 1)
    file = tmp_path / "unable.yaml"
    file.write_text(f"{head}{second}    boot_pace: 10\n{tail}")
    return file


def test_a_handset_that_fails_is_left_out_and_its_tests_go_to_another(tmp_path: Path) -> None:
    ran = certify(
        tmp_path, *both("--testbed", str(unable(tmp_path)), "-k", "resync_on or flash or fnf")
    )
    assert ran.code == 3, ran.said
    assert ran.told["run"]["planned"] == ran.told["run"]["concluded"]
    (left,) = [each for each in ran.told["handsets"] if each["left"]]
    assert left["name"] == "v2"
    assert "first baseline exchange" in left["left"]
    assert any("v2 is out of the run" in trouble for trouble in ran.told["run"]["troubles"])
    assert ran.told["abandoned"]
    given_back = {test["id"] for test in ran.told["abandoned"]}
    assert given_back <= ran.on["v1"]
    assert {test["verdict"] for test in ran.told["tests"] if test["handset"] == "v1"} == {"PASS"}
    why = "v2: out of the run before it was through with a module, so nothing is said of it"
    assert why in ran.said


def test_a_worker_that_is_killed_is_replaced_by_one_that_waited(tmp_path: Path) -> None:
    document = tmp_path / "results.json"
    command = [
        *HIL,
        "certify",
        "--handset",
        "all",
        "--jobs",
        "2",
        "--json",
        str(document),
        *MODULES,
    ]
    with started(command, Namespace.host()) as run:
        run.expect("PASS", count=2)
        victim = workers(run.process.pid)[0]
        os.kill(victim, signal.SIGKILL)
        assert run.ended(within=120) == 3
    told = json.loads(document.read_text())
    assert told["run"]["planned"] == told["run"]["concluded"]
    assert {test["verdict"] for test in told["tests"]} == {"PASS"}
    (left,) = [each for each in told["handsets"] if each["left"]]
    assert "its process died: by SIGKILL" in left["left"]
    assert sum(bool(each["groups"]) for each in told["handsets"]) >= 2


def test_with_nobody_left_what_was_not_tested_is_an_error_of_the_lab(tmp_path: Path) -> None:
    document = tmp_path / "results.json"
    command = [
        *HIL,
        "certify",
        *both("--out", str(tmp_path / "out"), "--json", str(document), *MODULES),
    ]
    with started(command, Namespace.host()) as run:
        run.expect("PASS", count=2)
        for victim in workers(run.process.pid):
            os.kill(victim, signal.SIGKILL)
        assert run.ended(within=120) == 3
    told = json.loads(document.read_text())
    assert told["run"]["planned"] == told["run"]["concluded"] > 20
    untested = [test for test in told["tests"] if test["verdict"] == "ERROR"]
    assert {test["cause"] for test in untested} == {"lab"}
    assert all("no handset is left" in " ".join(test["remarks"]) for test in untested)
    cases = ET.parse(tmp_path / "out" / "junit.xml").iter("testcase")  # noqa: S314
    assert len(list(cases)) == told["run"]["planned"]


def test_workers_end_with_the_run(tmp_path: Path) -> None:
    command = [*HIL, "certify", *both(*MODULES)]
    with started(command, Namespace.host()) as run:
        run.expect("PASS", count=2)
        children = workers(run.process.pid)
        assert len(children) == 2
        ends = [os.pidfd_open(child) for child in children]
        run.process.kill()
        for end in ends:
            assert readable(end)
            os.close(end)


@pytest.mark.parametrize("handsets", [("v1",), ("v1", "v2")])
def test_ctrl_c_in_a_terminal_ends_with_what_there_is(
    tmp_path: Path, handsets: tuple[str, ...]
) -> None:
    document = tmp_path / "results.json"
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{hears}; {HIL[2]}", "certify", "--json", str(document)]
    for name in handsets:
        command += ["--handset", name]
    with started(command, Namespace.host()) as run:
        run.expect("PASS", count=3)
        run.press()
        assert run.ended(within=30) == 130, run.output
        assert "the run was interrupted" in run.output
        # Whoever has verdicts is not said to have none.
        assert "no module was left" not in run.output
    told = json.loads(document.read_text())["run"]
    assert 3 <= told["concluded"] < told["planned"]
    *exchange, interrupted = told["troubles"]
    assert interrupted == "the run was interrupted"
    # Where the signal came in the middle of one.
    assert [each.rpartition("::")[2] for each in exchange] in (
        [],
        ["baseline (last): interrupted"],
    )


def workers(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(child) for child in children]


def readable(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 10)[0])


# -- refusing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("--handset", "v1", "--handset", "v99"),
        ("--handset", "v1", "--each"),
        ("--jobs", "2"),
        ("--handset", "all", "--jobs", "0"),
        ("--handset", "all", "-k", "no_test_is_called_so"),
    ],
)
def test_what_cannot_be_is_a_usage_error(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ran = certify(tmp_path, *arguments)
    assert ran.code == 2
    assert "Error: " in ran.said
    assert "Traceback" not in ran.said


def test_handsets_that_all_take_everything_may_take_turns(tmp_path: Path) -> None:
    one = ("test_resync_on_reset.py", "-k", "test_a_reboot_triggers")
    ran = certify(tmp_path, *both("--each", "--jobs", "1", *one))
    assert (ran.code, len(ran.told["tests"])) == (0, 2), ran.said
    assert set(ran.on) == {"v1", "v2"}


# -- a rack's worth --------------------------------------------------------------------------------


def test_48_handsets_in_one_run_of_the_smoke_tier(tmp_path: Path) -> None:
    """With a budget for one test and its baseline exchanges; `make soak` has all of it."""
    every = ("--testbed", str(VIRTUAL48), "--handset", "all", "--each")
    ran = certify(tmp_path, *every, "--tier", "smoke", "--budget", "1")
    assert ran.code == 0, ran.said
    assert ran.told["run"]["concluded"] == 48 * ran.told["run"]["pace"]["tests"]
    assert len(ran.on) == 48


@pytest.mark.soak
def test_48_handsets_run_the_whole_smoke_tier_in_turns(tmp_path: Path) -> None:
    every = ("--testbed", str(VIRTUAL48), "--handset", "all", "--each", "--jobs", "6")
    ran = certify(tmp_path, *every, "--tier", "smoke")
    assert ran.code == 0, ran.said
    assert ran.told["run"]["pace"]["left_out"] == []
    assert {len(tests) for tests in ran.on.values()} == {ran.told["run"]["pace"]["tests"]}
    assert len(ran.on) == 48
