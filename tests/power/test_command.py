"""Power by programs: what they write and how they end, and that none outlives its deadline."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from hil.clock import WallClock
from hil.errors import (
    DeviceRefused,
    PowerDeviceError,
    PowerError,
    PowerRefused,
    StateUnknown,
    UsageError,
)
from hil.history import History
from hil.history.events import PowerAction
from hil.power.command import CommandConfig, CommandPower
from hil.power.outlet import Outlet, PowerPolicy

ON, OFF = PowerAction.ON, PowerAction.OFF
RELAY = """#!/bin/sh
# Keeps what it was told in a file a relay.
file=$(dirname "$0")/relay-$2
case "$1" in
    on|off) echo "$1" > "$file" ;;
    state) [ -e "$file" ] || { echo "no relay $2" >&2; exit 3; }
        echo "relay $2 is $(cat "$file")" ;;
    status) [ "$(cat "$file")" = on ] ;;
esac
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    return script(tmp_path, RELAY)


def script(directory: Path, text: str, name: str = "relay.sh") -> str:
    (directory / name).write_text(text)
    (directory / name).chmod(0o755)
    return str(directory / name)


def driver(program: str, **options: Any) -> CommandPower:
    config: dict[str, Any] = {
        "name": "relays",
        "on": (program, "on", "{outlet}"),
        "off": (program, "off", "{outlet}"),
        "state": (program, "state", "{outlet}"),
        "state_on": r"is on$",
        "state_off": r"is off$",
        **options,
    }
    return CommandPower(CommandConfig(**config))


def test_an_outlet_is_cycled_and_read_back(wall_clock: WallClock, program: str):
    power = driver(program)
    policy = PowerPolicy(minimum_off_s=0.0)
    outlet = Outlet(power, "3", History(wall_clock), policy)
    wall_clock.run(outlet.off())
    assert wall_clock.run(power.state("3")) is OFF
    assert wall_clock.run(outlet.cycle()).attempts == 1
    assert wall_clock.run(power.state("3")) is ON


def test_the_exit_status_can_be_the_state(wall_clock: WallClock, program: str):
    power = driver(program, state=(program, "status", "{outlet}"), state_on="", state_off="")
    wall_clock.run(power.on("3"))
    assert wall_clock.run(power.state("3")) is ON
    wall_clock.run(power.off("3"))
    assert wall_clock.run(power.state("3")) is OFF


def test_without_a_program_for_the_state_there_is_no_read_back(wall_clock: WallClock, program: str):
    power = driver(program, state=(), state_on="", state_off="")
    with pytest.raises(StateUnknown):
        wall_clock.run(power.state("3"))


def test_no_shell_reads_an_outlets_name(wall_clock: WallClock, program: str, tmp_path: Path):
    name = "3; touch oops $(id) {outlet}"
    wall_clock.run(driver(program).on(name))
    assert (tmp_path / f"relay-{name}").read_text() == "on\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"relay-{name}", "relay.sh"]


def test_what_fails_is_a_refusal_with_what_was_written(wall_clock: WallClock, program: str):
    with pytest.raises(PowerRefused, match=r"exit status 3(.|\n)*no relay 9") as error:
        wall_clock.run(driver(program).state("9"))
    assert not isinstance(error.value, PowerDeviceError)


def test_a_program_that_dies_is_a_refusal_that_names_the_signal(
    wall_clock: WallClock, tmp_path: Path
):
    with pytest.raises(PowerRefused, match="signal 9"):
        wall_clock.run(driver(script(tmp_path, "#!/bin/sh\nkill -9 $$\n")).on("1"))


@pytest.mark.parametrize("said", ["", "is on\nis off", "\x00\xff", "IS ON"])
def test_words_that_are_neither_or_both_are_no_state(
    wall_clock: WallClock, tmp_path: Path, said: str
):
    (tmp_path / "said").write_text(said)
    program = script(tmp_path, f"#!/bin/sh\ncat {tmp_path}/said\n")
    power = driver(program, state_on="(?m)is on$", state_off="(?m)is off$")
    with pytest.raises(PowerError, match=r"both on and off|neither on nor off"):
        wall_clock.run(power.state("1"))


def test_what_hangs_is_killed_with_all_that_it_started(wall_clock: WallClock, tmp_path: Path):
    os.mkfifo(tmp_path / "alive")
    # The child holds the pipe open for writing; that it is gone is seen as the pipe's end.
    program = script(
        tmp_path,
        f"#!/bin/sh\necho so far\nsh -c 'exec 3>{tmp_path}/alive; echo x >&3; sleep 60' &\nwait\n",
    )
    reading = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(PowerDeviceError, match=r"did not end within 1\.5 s(.|\n)*so far"):
            wall_clock.run(driver(program, timeout_s=1.5).on("1"), timeout=8.0)
        os.set_blocking(reading, True)
        assert os.read(reading, 10) == b"x\n"
        assert os.read(reading, 10) == b""
    finally:
        os.close(reading)


def test_what_is_cancelled_is_killed(wall_clock: WallClock, tmp_path: Path):
    os.mkfifo(tmp_path / "alive")
    program = script(tmp_path, f"#!/bin/sh\nexec 3>{tmp_path}/alive\nsleep 60\n")
    reading = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    policy = PowerPolicy(attempts=1, call_s=0.3, settle_s=0.0)
    outlet = Outlet(driver(program, state=(), state_on="", state_off=""), "1",
                    History(wall_clock), policy)  # fmt: skip
    try:
        with pytest.raises(PowerError, match="did not come back"):
            wall_clock.run(outlet.on(), timeout=8.0)
        os.set_blocking(reading, True)
        assert os.read(reading, 10) == b""
    finally:
        os.close(reading)


def test_a_child_that_is_left_behind_keeps_nobody_waiting(wall_clock: WallClock, tmp_path: Path):
    program = script(tmp_path, '#!/bin/sh\necho is on\nsleep 60 &\necho $! > "$(dirname $0)/pid"\n')
    power = driver(program)
    try:
        assert wall_clock.run(power.state("1"), timeout=8.0) is ON
    finally:
        os.kill(int((tmp_path / "pid").read_text()), 9)


def test_endless_output_is_bounded(wall_clock: WallClock, tmp_path: Path):
    program = script(tmp_path, "#!/bin/sh\nyes is on\n")
    with pytest.raises(PowerDeviceError, match="did not end") as error:
        wall_clock.run(driver(program, timeout_s=0.4).state("1"), timeout=8.0)
    assert len(str(error.value)) < 800


def test_what_a_program_writes_may_tell_that_the_device_failed(
    wall_clock: WallClock, tmp_path: Path
):
    program = script(tmp_path, '#!/bin/sh\necho "no way to the hub, port $1"\nexit 1\n')
    config = CommandConfig("hub", on=(program,), off=(program,), device_failure="no way to the hub")
    with pytest.raises(DeviceRefused, match="no way to the hub"):
        wall_clock.run(CommandPower(config).on("1"))


@pytest.mark.parametrize("program", ["/no/such/program", "/etc/passwd", "/", "a\0b"])
def test_what_cannot_be_run_is_an_error(wall_clock: WallClock, program: str):
    with pytest.raises(PowerDeviceError, match="cannot be run"):
        wall_clock.run(driver(program).on("1"))


def test_a_secret_of_the_environment_is_not_shown(wall_clock: WallClock, tmp_path: Path):
    program = script(tmp_path, '#!/bin/sh\necho "no entry with $TOKEN"\nexit 1\n')
    config = CommandConfig(
        "relays", on=(program,), off=(program,), environment={"TOKEN": "top-secret"}
    )
    with pytest.raises(PowerRefused, match=r"no entry with \*\*\*") as error:
        wall_clock.run(CommandPower(config).on("1"))
    assert "top-secret" not in str(error.value) + repr(config)


def test_many_calls_leave_no_descriptor_behind(wall_clock: WallClock):
    power = driver(sys.executable, on=("/bin/true",), off=("/bin/false",))
    wall_clock.run(power.on("1"))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        wall_clock.run(power.on("1"))
        with pytest.raises(PowerRefused):
            wall_clock.run(power.off("1"))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"on": ()}, "a program for on"),
        ({"off": ("",)}, "a program for on"),
        ({"state_on": ""}, "go together"),
        ({"state_on": "("}, "no regular expression"),
        ({"timeout_s": 0}, "deadline"),
    ],
)
def test_what_cannot_work_is_told_at_once(options: dict[str, Any], problem: str):
    with pytest.raises(UsageError, match=problem):
        driver("relay.sh", **options)
