"""The log of a test."""

from __future__ import annotations

from pathlib import Path

from histories import booted

from hil.evidence.log import log_lines, write_log
from hil.evidence.results import TestResult
from hil.history import events as ev
from hil.history.events import Cause
from hil.judge import Judgement, Word


def result(name: str = "tests/certification/test_x.py::test_y[a b/c]", *remarks: str) -> TestResult:
    judgement = Judgement(Word.ERROR, Cause.LAB, remarks=remarks or ("the PDU is dead",))
    return TestResult(name, judgement, ("resync.on_reset", "macros.mac"), 0.5, 3600.0)


def test_it_has_a_head_every_event_and_the_judgement() -> None:
    story = booted().fetch(12.5)
    lines = log_lines(result(), story.events)
    assert lines[:4] == [
        "tests/certification/test_x.py::test_y[a b/c]",
        "requirements: resync.on_reset, macros.mac",
        "wall time 0.500 s, lab time 3600.000 s",
        "",
    ]
    assert lines[-2:] == ["ERROR (lab)", "the PDU is dead"]
    assert len(lines) == 4 + len(story.events) + 1 + 2
    requests = [line for line in lines if "TftpRequest" in line]
    assert requests == [
        "     12.500000  tftp     TftpRequest(scheme='tftp', path='/7832-3PCC.xml', "
        "peer='192.0.2.16:5000', port=69, transfer=1, mode='octet')"
    ]


def test_time_counts_from_the_beginning_of_the_test() -> None:
    events = [
        ev.Note(source="a", text="x", at=90_000_000_000),
        ev.Note(text="y", at=91_500_000_000),
    ]
    lines = log_lines(result(), events)
    assert [line.split()[0] for line in lines if "Note" in line] == ["0.000000", "1.500000"]


def test_a_test_that_never_started_has_a_log_too() -> None:
    assert log_lines(result(), [])[-2:] == ["ERROR (lab)", "the PDU is dead"]


def test_the_file_has_the_test_s_name_and_is_replaced_by_a_log_of_the_same_test(
    tmp_path: Path,
) -> None:
    path = write_log(tmp_path / "logs", result(), [])
    assert path == tmp_path / "logs" / "tests_certification_test_x.py_test_y_a_b_c.log"
    assert write_log(tmp_path / "logs", result(), []) == path
    assert path.read_text("utf-8").splitlines()[0] == result().id


def test_no_test_takes_another_one_s_log(tmp_path: Path) -> None:
    names = ["test_x.py::test_y[1]", "test_x.py::test_y_1", "test_x.py::test_y:1"]
    names += ["a" * 300 + "::test_y", "b" * 300 + "a" * 200 + "::test_y"]
    paths = [write_log(tmp_path, result(name), []) for name in names]
    assert len(set(paths)) == len(names)
    for path, name in zip(paths, names, strict=True):
        assert path.read_text("utf-8").splitlines()[0] == name


def test_a_name_cannot_lead_out_of_the_directory(tmp_path: Path) -> None:
    path = write_log(tmp_path / "logs", result("../../etc/passwd::test_y"), [])
    assert path.parent == tmp_path / "logs"


def test_what_came_from_outside_cannot_break_a_line_or_the_file(tmp_path: Path) -> None:
    text = "a\nb\x1b[2J\udc80"
    hostile = ev.SyslogMessage(source="syslog", text=text, peer="192.0.2.16:514", at=0)
    path = write_log(tmp_path, result("test_y", "remark \udcff"), [hostile])
    lines = path.read_text("utf-8").splitlines()
    assert lines[4:] == [
        "      0.000000  syslog   "
        r"SyslogMessage(text='a\nb\x1b[2J\udc80', peer='192.0.2.16:514', port=514)",
        "",
        "ERROR (lab)",
        r"remark \udcff",
    ]
