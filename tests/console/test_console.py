"""A console in the history: through ser2net over RFC 2217 and TCP, and on a pseudo terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from programs import started
from serial_lines import HOST, Phone, Server, await_listener, free_port

from hil.clock import WallClock
from hil.console import Console
from hil.errors import ConsoleError, UsageError
from hil.history import History, Unmet
from hil.history import events as ev

pytestmark = [pytest.mark.peer("socat"), pytest.mark.peer("ser2net")]

Opener = Callable[..., Console]


@pytest.fixture(params=["device", "rfc2217", "tcp"])
def url(request: pytest.FixtureRequest, phone: Phone) -> str:
    """Each way to the same line."""
    if request.param == "device":
        return str(phone.path)
    server: Server = request.getfixturevalue("server")
    return server.rfc2217 if request.param == "rfc2217" else server.tcp


def test_lines_are_events_with_all_that_came_and_a_text_that_is_safe(
    url: str, phone: Phone, console_at: Opener, history: History, tmp_path: Path
) -> None:
    console = console_at(url)
    assert console.trouble is None
    mark = history.mark()
    said = b"\x1b[1mBoot\x00ing\xff\r\nready\n"
    phone.says(said)
    line = console.expect("^ready$", within=5, after=mark)
    first = history.last(ev.ConsoleLine, text=r"\x1b[1mBoot\x00ing\xff")
    assert first is not None
    assert first.raw + line.raw == said
    assert (first.handset, first.source) == ("a01", "console")
    assert mark.at < first.at <= line.at <= history.now()
    log = (tmp_path / "console.log").read_bytes()
    assert log[line.offset : line.offset + len(line.raw)] == line.raw


def test_every_octet_goes_both_ways_unchanged(
    url: str, phone: Phone, console_at: Opener, history: History, clock: WallClock, tmp_path: Path
) -> None:
    console = console_at(url)
    octets = bytes(range(256))
    sent = clock.run(console.send(octets))
    assert phone.hears(256) == octets
    assert sent.octets == 256
    phone.says(octets + b"\nend\n")
    console.wait("^end$", within=5)
    assert (tmp_path / "console.log").read_bytes() == octets + b"\nend\n"


def test_a_prompt_without_a_line_end_is_told_when_it_rests(
    phone: Phone, console_at: Opener, history: History
) -> None:
    console = console_at(str(phone.path), quiet_s=0.1)
    mark = history.mark()
    phone.says(b"login: ")
    assert console.expect("^login: $", within=5, after=mark).end is ev.LineEnd.QUIET
    phone.says(b"root\n")
    assert console.expect("^login: root$", within=5, after=mark).end is ev.LineEnd.EOL


def test_a_line_that_comes_slowly_is_whole_in_the_end(
    phone: Phone, console_at: Opener, history: History
) -> None:
    console = console_at(str(phone.path), quiet_s=0.02)
    mark = history.mark()
    for index, letter in enumerate("slowly"):
        phone.says(letter.encode())
        console.wait("^" + "slowly"[: index + 1] + "$", within=5, after=mark)
    before_its_end = history.mark()
    phone.says(b"\n")
    whole = console.wait("^slowly$", within=5, after=before_its_end)
    assert (whole.end, whole.raw) == (ev.LineEnd.EOL, b"slowly\n")


def test_a_line_of_a_megabyte_is_cut_and_all_of_it_kept(
    server: Server, phone: Phone, console_at: Opener, history: History, tmp_path: Path
) -> None:
    console = console_at(server.rfc2217)
    start = history.mark()
    phone.says(b"\xff" * 1_000_000 + b"\nafter\n")
    console.wait("^after$", within=20, after=start)
    assert (tmp_path / "console.log").read_bytes() == b"\xff" * 1_000_000 + b"\nafter\n"
    cut = history.all(ev.ConsoleLine, end=ev.LineEnd.FULL)
    assert len(cut) == 1_000_000 // 4096
    assert max(len(line.raw) for line in cut) == 4096


def test_garbage_as_fast_as_the_line_carries_it_is_bounded_in_the_history_and_whole_in_the_log(
    phone: Phone, console_at: Opener, history: History, tmp_path: Path
) -> None:
    console = console_at(str(phone.path))
    garbage = bytes(range(256)) * 200 + b"\n" * 50_000
    start = history.mark()
    phone.says(garbage)
    phone.says(b"\n")
    history.wait(ev.ConsoleSkipped, within=10, after=start)
    while (tmp_path / "console.log").stat().st_size < len(garbage) + 1:
        history.wait(ev.Event, within=10, after=history.mark())
    assert (tmp_path / "console.log").read_bytes() == garbage + b"\n"
    skipped = sum(each.lines for each in history.all(ev.ConsoleSkipped))
    told = len(history.all(ev.ConsoleLine, after=start))
    assert told < 10_000
    assert skipped > 20_000
    assert console.connected


def test_a_terminal_server_that_dies_is_a_fact_and_is_found_again(
    server: Server, phone: Phone, console_at: Opener, history: History
) -> None:
    console = console_at(server.rfc2217, first_retry_s=0.05)
    start = history.mark()
    phone.says(b"half a li")
    console.wait("half a li", within=5, after=start)
    server.stop()
    lost = history.wait(ev.ConsoleLost, within=5, after=start)
    torn = history.last(ev.ConsoleLine)
    assert torn is not None
    assert (torn.text, torn.end) == ("half a li", ev.LineEnd.LOST)
    assert lost.reason == "it was closed by the other side"
    assert not console.connected
    server.start()
    found = history.wait(ev.ConsoleFound, within=10, after=lost)
    phone.says(b"again\n")
    console.expect("^again$", within=5, after=found)
    assert not history.all(ev.LabFault)


def test_who_relies_on_a_console_that_was_away_learns_that_nobody_can_know(
    server: Server, console_at: Opener, history: History
) -> None:
    console = console_at(server.tcp)
    start = history.mark()
    server.stop()
    history.wait(ev.ConsoleLost, within=5, after=start)
    with pytest.raises(ConsoleError, match="while a test relied on it"):
        console.expect("ready", within=0.1, after=start)
    assert history.all(ev.LabFault, concerns="a01")


def test_a_console_that_was_there_and_did_not_say_it_is_no_fault_of_the_laboratory(
    phone: Phone, console_at: Opener, history: History
) -> None:
    console = console_at(str(phone.path))
    with pytest.raises(Unmet):
        console.expect("ready", within=0.05)
    assert not history.all(ev.LabFault)
    assert [check.passed for check in history.all(ev.Checked)] == [False]


def test_between_attempts_it_rests_longer_each_time_and_tells_once(
    console_at: Opener, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[float] = []
    original = __import__("hil.console.link", fromlist=["open_port"]).open_port

    def counted(*arguments: object) -> object:
        tried.append(history.now() / 1e9)
        return original(*arguments)

    monkeypatch.setattr("hil.console.link.open_port", counted)
    console = console_at(
        f"socket://127.0.0.1:{free_port()}", first_retry_s=0.02, longest_retry_s=0.1
    )
    assert console.trouble is not None
    assert console.trouble.evidence == "Connection refused"
    history.sleep(0.5)
    rests = [late - early for early, late in pairwise(tried)]
    assert rests[0] < 0.05 < rests[2]
    assert all(rest < 0.3 for rest in rests)
    assert 4 <= len(tried) <= 9
    assert len(history.all(ev.ConsoleLost)) == 1


def test_nothing_is_sent_to_a_console_that_is_away(
    server: Server, console_at: Opener, history: History, clock: WallClock
) -> None:
    console = console_at(server.tcp)
    server.stop()
    history.wait(ev.ConsoleLost, within=5, after=history.last(ev.ConsoleFound))
    with pytest.raises(ConsoleError):
        clock.run(console.send(b"reboot\r"))
    assert not history.all(ev.ConsoleSent)


def test_a_line_that_takes_nothing_fails_by_its_deadline(
    phone: Phone, console_at: Opener, history: History, clock: WallClock
) -> None:
    console = console_at(str(phone.path), send_s=0.2)
    # Nobody reads at the far end, and the buffers of two pseudo terminals are small.
    with pytest.raises(ConsoleError, match=r"did not take what was sent within 0\.2 s"):
        clock.run(console.send(bytes(500_000)))


def test_a_secret_that_was_typed_is_nowhere_even_if_it_is_echoed(
    phone: Phone, console_at: Opener, history: History, clock: WallClock, tmp_path: Path
) -> None:
    console = console_at(str(phone.path))
    sent = clock.run(console.send(b"hunter2\r", secret=True))
    assert (sent.text, sent.secret, sent.octets) == ("", True, 8)
    assert phone.hears(8) == b"hunter2\r"
    phone.says(b"hunter2\r\nwrong: hunter2\n")
    console.wait("wrong: ", within=5)
    assert "hunter2" not in " ".join(map(repr, history))
    assert b"hunter2" not in (tmp_path / "console.log").read_bytes()


def test_another_process_on_the_line_is_named(phone: Phone, console_at: Opener) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"f = open({str(phone.path)!r}, 'rb', 0); print(flush=True); f.read()",
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        console = console_at(str(phone.path))
        assert console.trouble is not None
        assert f"(pid {holder.pid})" in console.trouble.evidence
    finally:
        holder.kill()
        holder.communicate()


def test_a_terminal_servers_refusal_is_quoted(server: Server, console_at: Opener) -> None:
    assert console_at(server.tcp).connected
    second = console_at(server.rfc2217)
    assert second.trouble is not None
    assert "already in use" in second.trouble.evidence


def test_a_server_without_rfc_2217_is_told_from_one_with_it(
    console_at: Opener, phone: Phone
) -> None:
    port = free_port()
    with started(["socat", f"TCP-LISTEN:{port},bind=127.0.0.1", f"{phone.path},rawer"], HOST):
        await_listener(port)
        console = console_at(f"rfc2217://127.0.0.1:{port}", open_s=0.3)
        assert console.trouble is not None
        assert "no COM port control" in console.trouble.evidence


@pytest.mark.parametrize(
    ("url", "evidence"),
    [
        ("/dev/null-console", "No such file"),
        ("/dev/null", "no serial device"),
        ("/etc", "no serial device"),
    ],
)
def test_what_is_no_serial_device_is_a_typed_error(
    console_at: Opener, url: str, evidence: str
) -> None:
    trouble = console_at(url).trouble
    assert trouble is not None
    assert evidence.lower() in trouble.evidence.lower()


def test_a_log_that_cannot_be_written_is_a_fault_of_the_laboratory(
    phone: Phone, console_at: Opener, history: History, tmp_path: Path
) -> None:
    console = console_at(str(phone.path), largest_log=4)
    phone.says(b"1234\n5678\n")
    console.wait("5678", within=5)
    (fault,) = history.all(ev.LabFault)
    assert "raw log" in fault.what


def test_a_pattern_that_is_none_is_the_tests_mistake(phone: Phone, console_at: Opener) -> None:
    with pytest.raises(UsageError):
        console_at(str(phone.path)).expect("(", within=1)


def test_an_adapter_that_is_pulled_out_is_lost(
    phone: Phone, console_at: Opener, history: History
) -> None:
    console_at(str(phone.path))
    before = len(list(Path("/proc/self/fd").iterdir()))
    phone.socat.stop()
    lost = history.wait(ev.ConsoleLost, within=5, after=history.last(ev.ConsoleFound))
    assert lost.reason
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
