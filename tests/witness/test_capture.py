"""The capture of a run is whole and says when it was, or the run's verdict says that it is not."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from pathlib import Path

import pytest
import scenario
from programs import needed
from scapy.layers.dhcp import DHCP
from scapy.utils import PcapNgReader

from hil.history import events as ev
from hil.history.events import Cause
from hil.judge import Word
from hil.lab_time import NANOSECONDS
from hil.testbed.witnesses import CAPTURE_NAME


def captured(directory: Path) -> tuple[Path, list[ev.Event]]:
    """A scenario with a capture; the file, and the history."""
    with contextlib.closing(scenario.make_bench(0.0, directory)) as bench:
        verdict, _ = scenario.run(bench)
        assert verdict.startswith("PASS"), verdict
        return directory / CAPTURE_NAME, list(bench.history)


def test_frames_carry_the_lab_time_of_the_history(tmp_path):
    file, history = captured(tmp_path)
    with PcapNgReader(str(file)) as frames:
        dhcp = [frame for frame in frames if DHCP in frame]
    discovers = [frame for frame in dhcp if ("message-type", 1) in frame[DHCP].options]
    seen = [
        event.at for event in history if isinstance(event, ev.DhcpMessage)
        and event.kind == "DISCOVER" and event.direction is ev.Direction.RECEIVED
    ]  # fmt: skip
    assert len(discovers) == len(seen) >= 2
    apart = int((discovers[-1].time - discovers[0].time) * NANOSECONDS)
    assert abs(apart - (seen[-1] - seen[0])) < 1000


@pytest.mark.peer("tshark")
def test_tshark_finds_the_exchanges_of_the_history(tmp_path):
    tshark = needed("tshark", "tshark")
    file, history = captured(tmp_path)
    told = subprocess.run(
        [tshark, "-r", str(file), "-Y", "tftp.opcode == 1", "-T", "fields", "-e", "tftp.source_file"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    asked = [event.path for event in history if isinstance(event, ev.TftpRequest)]
    assert told.stdout.split() == asked
    assert asked


def test_a_burst_that_finds_no_room_is_the_labs_fault(stage, tmp_path):
    small = (tmp_path / "small").open("wb")
    near = stage.bench.site.network.ports[0].near

    def burst() -> None:
        stage.bench.site.witnesses.capture(small, slots=32)
        with near.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
            for _ in range(100):
                raw.sendto(b"\xff" * 12 + b"\x88\xb6" + b"\0" * 46, (near.name, 0))

    told = stage.judged(lambda: stage.resyncs_again(lambda: stage.in_loop(burst)))
    assert (told.word, told.cause) == (Word.ERROR, Cause.LAB)
    assert any("dropped frames: 68 on port1" in remark for remark in told.remarks)
    assert stage.judged(stage.resyncs_again).word is Word.PASS


def test_a_full_disk_is_the_labs_fault(stage):
    full = Path("/dev/full").open("wb")  # noqa: SIM115 - the capture closes it
    stage.in_loop(lambda: stage.bench.site.witnesses.capture(full))
    told = stage.judged(stage.resyncs_again)
    assert (told.word, told.cause) == (Word.ERROR, Cause.LAB)
    assert any("can no longer be written: No space left" in remark for remark in told.remarks)
