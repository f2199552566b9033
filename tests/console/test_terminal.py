"""``hil console`` as a person and a script use it, on a terminal and through pipes."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serial_lines import PATIENCE_S, Phone, Server, free_port

from hil.console.keys import Keys, Stamps
from hil.leases.store import LeaseStore

pytestmark = [pytest.mark.peer("socat"), pytest.mark.peer("ser2net")]

INVENTORY = """\
name: desk
kind: rack
state: state
network: {{interface: lo, attach: plain, subnet: 192.0.2.0/24}}
pdus:
  - {{name: pdu1, driver: snmp, model: apc-rpdu, host: 192.0.2.10}}
handsets:
  - name: a01
    mac: 00:0e:08:aa:bb:01
    serial: "1"
    power: {{pdu: pdu1, outlet: 1}}
    {console}
"""


def command(tmp_path: Path, url: str, *options: str) -> list[str]:
    inventory = tmp_path / "desk.yaml"
    inventory.write_text(INVENTORY.format(console=f"console: {{url: '{url}'}}" if url else ""))
    hil = str(Path(sys.executable).with_name("hil"))
    return [hil, "console", "a01", "--testbed", str(inventory), *options]


def test_a_script_talks_through_pipes(phone: Phone, tmp_path: Path) -> None:
    log = tmp_path / "a01.log"
    with subprocess.Popen(
        command(tmp_path, str(phone.path), "--log", str(log), "--linger", "0.3"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b"~.\x1dshow\r")
        process.stdin.flush()
        assert phone.hears(8) == b"~.\x1dshow\r"
        phone.says(b"\x1b[1m11.3.2\xff\r\n")
        out, _ = process.communicate(timeout=PATIENCE_S)
    assert out == b"\x1b[1m11.3.2\xff\r\n"
    assert log.read_bytes() == out
    assert process.returncode == 0


def test_a_handset_that_a_run_has_is_left_alone(phone: Phone, tmp_path: Path) -> None:
    arguments = command(tmp_path, str(phone.path), "--linger", "0.1")
    store = LeaseStore(tmp_path / "state", time.time)
    lease = store.take("a01", "00:0e:08:aa:bb:01", "desk", ttl_s=60).lease

    def typed(*options: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*arguments, *options],
            input=b"hi\r",
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )

    refused = typed()
    assert refused.returncode == 3
    assert b"somebody else has the handset" in refused.stderr
    assert typed("--force").returncode == 0
    store.release(lease)
    assert typed().returncode == 0
    # What was refused was not sent.
    assert phone.hears(6) == b"hi\rhi\r"


def test_lines_can_carry_the_time(phone: Phone, tmp_path: Path) -> None:
    with subprocess.Popen(
        command(tmp_path, str(phone.path), "--times", "--linger", "0.3"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b"?")
        process.stdin.flush()
        phone.hears(1)
        phone.says(b"one\ntwo\n")
        out, _ = process.communicate(timeout=PATIENCE_S)
    assert re.fullmatch(rb"(\d\d:\d\d:\d\d\.\d{3} (one|two)\n){2}", out)


class Desk:
    """A person's terminal with the command in it."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self.master = master
        self.seen = b""

    def sees(self, text: bytes) -> None:
        until = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            readable, _, _ = select.select([self.master], [], [], until - time.monotonic())
            assert readable, f"{text!r} did not appear in {self.seen!r}"
            self.seen += os.read(self.master, 4096)

    def types(self, keys: bytes) -> None:
        os.write(self.master, keys)


@contextmanager
def desk(arguments: list[str]) -> Iterator[Desk]:
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    process = subprocess.Popen(arguments, stdin=slave, stdout=slave, stderr=slave)
    try:
        yield Desk(process, master)
        assert termios.tcgetattr(slave) == before, "the terminal was left as it was not found"
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize("leave", [b"\x1d", b"\r~."])
def test_a_person_types_sees_and_leaves(phone: Phone, tmp_path: Path, leave: bytes) -> None:
    with desk(command(tmp_path, str(phone.path))) as person:
        person.sees(b"[console connected")
        # Ctrl-C belongs to the phone's console, not to the command.
        person.types(b"\x03~~ls\r")
        assert phone.hears(6) == b"\x03~~ls\r"
        phone.says(b"\x1b[32mfile\r\n")
        person.sees(b"\x1b[32mfile\r\n")
        person.types(leave)
        assert person.process.wait(PATIENCE_S) == 0


def test_a_console_that_is_lost_is_waited_for(server: Server, phone: Phone, tmp_path: Path) -> None:
    with desk(command(tmp_path, server.rfc2217)) as person:
        person.sees(b"[console connected")
        server.stop()
        person.sees(b"[console lost: it was closed by the other side]")
        server.start()
        person.sees(b"[console found again]")
        phone.says(b"back\n")
        person.sees(b"back")
        person.types(b"\x1d")
        assert person.process.wait(PATIENCE_S) == 0


def test_a_terminal_is_given_back_when_the_command_is_ended(phone: Phone, tmp_path: Path) -> None:
    with desk(command(tmp_path, str(phone.path))) as person:
        person.sees(b"[console connected")
        person.process.send_signal(signal.SIGTERM)
        assert person.process.wait(PATIENCE_S) == 128 + signal.SIGTERM


def test_a_line_that_somebody_has_is_an_error_that_names_him(phone: Phone, tmp_path: Path) -> None:
    arguments = command(tmp_path, str(phone.path))
    with desk(arguments) as person:
        person.sees(b"[console connected")
        second = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert second.returncode == 3
        assert f"hil (pid {person.process.pid})" in second.stderr
        person.types(b"\x1d")
        person.process.wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [("", 2, "a01 has no console"), ("socket://127.0.0.1:{port}", 3, "Connection refused")],
)
def test_what_cannot_be_opened_is_one_clear_error(
    tmp_path: Path, url: str, code: int, said: str
) -> None:
    ended = subprocess.run(
        command(tmp_path, url.format(port=free_port())),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == code
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_leaving_sends_nothing_of_the_way_out() -> None:
    assert Keys().feed(b"ab\r~.cd") == (b"ab\r", True)
    assert Keys().feed(b"~~.") == (b"~.", False)
    assert Keys().feed(b"a~.") == (b"a~.", False)
    keys = Keys()
    assert keys.feed(b"\r~") == (b"\r", False)
    assert keys.feed(b"x") == (b"~x", False)


@given(st.binary(max_size=60), st.integers(1, 5))
def test_keys_are_the_same_however_they_are_torn(typed: bytes, step: int) -> None:
    whole, left = Keys().feed(typed)
    keys, sent = Keys(), b""
    for at in range(0, len(typed), step):
        part, leave = keys.feed(typed[at : at + step])
        sent += part
        if leave:
            assert left
            break
    assert sent == whole


def test_a_time_stands_before_each_line_once() -> None:
    stamps = Stamps()
    assert stamps.feed(b"a\r\nb", "T1") == b"T1 a\r\nT1 b"
    assert stamps.feed(b"c\n\n", "T2") == b"c\nT2 \n"
