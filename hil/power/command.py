"""Power that is switched by a program: a list of arguments for on, off and the state.

No shell reads the arguments; ``{outlet}`` in them is replaced by the outlet's name. Exit status 0 means
that the program did it. The state is a word in what the program writes, or its exit status. A program
that takes too long is killed with all that it started, and what it wrote is the evidence.

Proven against programs on Debian: shell scripts that keep an outlet's state in a file, refuse, hang,
leave children behind, write without end and die of a signal.
"""

from __future__ import annotations

import asyncio
import os
import re
import selectors
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hil.errors import (
    DeviceRefused,
    PowerDeviceError,
    PowerError,
    PowerRefused,
    StateUnknown,
    UsageError,
)
from hil.history.events import PowerAction
from hil.power.blocking import Errand, in_thread
from hil.power.evidence import WITNESS, shown

_MOST_OUTPUT = 1 << 16
_PIPE = 1 << 16
_OUTLET = re.compile(r"[ -~]{1,128}")


@dataclass(frozen=True)
class CommandConfig:
    """The programs of one device.

    ``on`` and ``off`` are argument lists, and so is ``state``, which may be missing: then there is
    no read-back. ``state_on`` and ``state_off`` are regular expressions, one of which is to be found
    in what the program of ``state`` writes when it exits with status 0; without them the exit status
    tells, 0 for on and 1 for off. ``environment`` is added to that of this process. ``timeout_s`` is
    the deadline of one call in seconds. ``device_failure`` is a regular expression for what a program
    that fails writes where the device as a whole is to blame: an exit status alone does not tell.
    `UsageError` for what cannot work.
    """

    name: str
    on: Sequence[str]
    off: Sequence[str]
    state: Sequence[str] = ()
    state_on: str = ""
    state_off: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = 10.0
    device_failure: str = ""

    def __post_init__(self) -> None:
        if not (self.on and self.off and self.on[0] and self.off[0]):
            raise UsageError(
                "a command driver needs a program for on and one for off",
                remedy="lists of arguments, the program first",
            )
        if bool(self.state_on) != bool(self.state_off):
            raise UsageError("state_on and state_off go together", remedy="give both or neither")
        for pattern in (self.state_on, self.state_off, self.device_failure):
            try:
                re.compile(pattern)
            except re.error as error:
                raise UsageError(
                    f"{pattern!r} is no regular expression: {error}", remedy="see Python's re"
                ) from None
        if self.timeout_s <= 0:
            raise UsageError("timeout_s is the deadline of a call", remedy="more than 0 s")


@dataclass(frozen=True)
class Ended:
    """A program that has ended: its exit status, negative for a signal, and what it wrote."""

    status: int
    output: bytes


class CommandPower:
    """The `hil.power.driver.PowerDriver` of a device that programs switch."""

    def __init__(self, config: CommandConfig) -> None:
        self._config = config
        self.queue = asyncio.Lock()

    @property
    def name(self) -> str:
        """The device as the inventory names it."""
        return self._config.name

    async def on(self, outlet: str) -> None:
        """Run the program for on; `PowerRefused` unless it exits with status 0."""
        await self._switch(self._config.on, outlet)

    async def off(self, outlet: str) -> None:
        """Run the program for off; `PowerRefused` unless it exits with status 0."""
        await self._switch(self._config.off, outlet)

    async def state(self, outlet: str) -> PowerAction:
        """What the program for the state says; `StateUnknown` where there is none."""
        if not self._config.state:
            raise StateUnknown(
                "there is no program that reads the state", next_step=WITNESS, concerns=self.name
            )
        ended = await self._run(self._config.state, outlet)
        if self._config.state_on:
            if ended.status:
                raise self._refused(ended, self._config.state)
            text = ended.output.decode("utf-8", "replace")
            on = re.search(self._config.state_on, text) is not None
            off = re.search(self._config.state_off, text) is not None
        else:
            on, off = ended.status == 0, ended.status == 1
        if on is off:
            both = "both on and off" if on else "neither on nor off"
            raise self._error(
                f"the outlet is said to be {both}",
                evidence=f"exit status {ended.status}, output {self._shown(ended.output)!r}",
                next_step="compare state_on and state_off in the inventory with that output",
            )
        return PowerAction.ON if on else PowerAction.OFF

    async def _switch(self, arguments: Sequence[str], outlet: str) -> None:
        ended = await self._run(arguments, outlet)
        if ended.status:
            raise self._refused(ended, arguments)

    async def _run(self, arguments: Sequence[str], outlet: str) -> Ended:
        if not _OUTLET.fullmatch(outlet):
            raise self._error(
                "the outlet has no usable name",
                evidence=repr(outlet[:60]),
                next_step="printable ASCII, 1 to 128 characters",
            )
        command = [argument.replace("{outlet}", outlet) for argument in arguments]
        environment = {**os.environ, **self._config.environment}
        written = bytearray()
        try:
            status = await in_thread(
                lambda errand: _ran(command, environment, written, errand),
                within=self._config.timeout_s,
            )
        except TimeoutError:
            raise self._failed(
                f"{command[0]} did not end within {self._config.timeout_s:g} s and was killed",
                evidence=f"it wrote {self._shown(bytes(written))!r}",
                next_step="run it by hand, or raise timeout_s",
            ) from None
        except (OSError, ValueError) as error:
            raise self._failed(
                f"{command[0]} cannot be run",
                evidence=str(error),
                next_step="check the path of the program and that it is executable",
            ) from error
        return Ended(status, bytes(written))

    def _shown(self, output: bytes) -> str:
        return shown(output, self._config.environment.values())

    def _refused(self, ended: Ended, arguments: Sequence[str]) -> PowerRefused:
        status = ended.status
        how = f"exit status {status}" if status > 0 else f"signal {-status}"
        failure, text = self._config.device_failure, ended.output.decode("utf-8", "replace")
        kind = DeviceRefused if failure and re.search(failure, text) else PowerRefused
        return kind(
            f"{arguments[0]} failed with {how}",
            evidence=f"it wrote {self._shown(ended.output)!r}",
            next_step="run it by hand",
            concerns=self.name,
        )

    def _failed(self, what: str, *, evidence: str, next_step: str) -> PowerDeviceError:
        return PowerDeviceError(what, evidence=evidence, next_step=next_step, concerns=self.name)

    def _error(self, what: str, *, evidence: str, next_step: str) -> PowerError:
        return PowerError(what, evidence=evidence, next_step=next_step, concerns=self.name)


def _ran(
    command: Sequence[str], environment: Mapping[str, str], written: bytearray, errand: Errand
) -> int:
    """Run to the end, and add the beginning of what was written to ``written``."""
    process = subprocess.Popen(  # noqa: S603 - what the inventory says, and no shell
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    with process:
        pipe = process.stdout
        if pipe is None:
            raise OSError("no pipe")
        ended = os.pidfd_open(process.pid)
        try:
            # Only until it is waited for: after that the number may be another's.
            with errand.interrupted_by(lambda: os.killpg(process.pid, signal.SIGKILL)):
                _listen(pipe.fileno(), ended, written, errand)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            os.close(ended)
            pipe.close()
        return process.wait(timeout=errand.left())


def _listen(pipe: int, ended: int, written: bytearray, errand: Errand) -> None:
    """Read until the program has ended; a child that it left behind may hold the pipe for ever."""
    os.set_blocking(pipe, False)
    with selectors.DefaultSelector() as selector:
        selector.register(ended, selectors.EVENT_READ)
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select(errand.left())}
            if pipe in ready and not _read(pipe, written):
                selector.unregister(pipe)
            if ended in ready:
                return


def _read(pipe: int, written: bytearray) -> bool:
    """Take what the pipe holds; False at its end."""
    try:
        data = os.read(pipe, _PIPE)
    except BlockingIOError:
        return True
    written += data[: _MOST_OUTPUT - len(written)]
    return bool(data)
