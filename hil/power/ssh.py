"""Power that is switched on a device's command line over SSH, by paramiko.

`hil.power.ssh_dialects` has what is said to which kind of device. A call logs in, says it and logs out
again: such devices have few sessions, and one that was cut off keeps its place for minutes.

Proven against OpenSSH's sshd, with a command line of our own behind it that follows the published
command sets of Cisco IOS and of APC's management cards on a pseudo-terminal; no device was at hand.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address
from typing import TypeVar

from hil.errors import PowerDeviceError, PowerError, UsageError
from hil.history.events import PowerAction
from hil.power.blocking import Errand, in_thread
from hil.power.evidence import shown
from hil.power.ssh_dialects import SshDialect
from hil.power.ssh_line import CommandLine
from hil.power.ssh_session import SshLogin, is_fingerprint, session

T = TypeVar("T")


class SshPower:
    """The `hil.power.driver.PowerDriver` of a device with a command line.

    ``timeout_s`` is the deadline of one call, logging in included, in seconds. `UsageError` for what
    cannot work.
    """

    def __init__(self, login: SshLogin, dialect: SshDialect, *, timeout_s: float = 9.0) -> None:
        try:
            IPv4Address(login.host)
        except AddressValueError as error:
            remedy = "an address such as 192.0.2.10; names are not resolved"
            raise UsageError(f"the host is no IPv4 address: {error}", remedy=remedy) from None
        if bool(login.host_key) is bool(login.known_hosts):
            raise UsageError(
                "it has to be known which host key the device has",
                remedy="give host_key: SHA256:... or known_hosts: PATH",
            )
        if login.host_key and not is_fingerprint(login.host_key):
            raise UsageError(
                "host_key is no fingerprint of a key",
                remedy="SHA256: and 43 characters, as ssh-keygen -lf prints it",
            )
        if bool(login.password) is bool(login.private_key):
            raise UsageError("how to log in?", remedy="give password or private_key")
        if timeout_s <= 0:
            raise UsageError("timeout_s is the deadline of a call", remedy="more than 0 s")
        self._login = login
        self._dialect = dialect
        self._timeout_s = timeout_s
        self.queue = asyncio.Lock()

    @property
    def name(self) -> str:
        """Kind of device and address."""
        return f"{self._dialect.name} {self._login.host}:{self._login.port}"

    async def on(self, outlet: str) -> None:
        """Switch on; `PowerRefused` where the device answers with an error."""
        await self._switch(PowerAction.ON, outlet)

    async def off(self, outlet: str) -> None:
        """Switch off; `PowerRefused` where the device answers with an error."""
        await self._switch(PowerAction.OFF, outlet)

    async def state(self, outlet: str) -> PowerAction:
        """What the device says of the outlet; `PowerError` for anything but on and off."""
        question = self._dialect.question(outlet)
        answer = await self._talk(outlet, lambda line: line.say(question))
        word = self._dialect.word(answer, outlet)
        state = self._dialect.words.get(word or "")
        if state is not None:
            return state
        said = "nothing of the outlet" if word is None else f"that the outlet is {word[:40]}"
        raise self._error(
            f"the device says {said}",
            evidence=shown(answer, self._login.secrets),
            next_step="look at the device itself, and compare the outlet with the inventory",
        )

    async def _switch(self, action: PowerAction, outlet: str) -> None:
        def told(line: CommandLine) -> None:
            for command in self._dialect.commands(action, outlet):
                line.say(command)

        await self._talk(outlet, told)

    async def _talk(self, outlet: str, talk: Callable[[CommandLine], T]) -> T:
        if not re.fullmatch(self._dialect.outlets, outlet):
            raise self._error(
                "the device has no such outlet",
                evidence=repr(outlet[:60]),
                next_step=f"the name of an outlet as a {self._dialect.name} device has it",
            )

        def work(errand: Errand) -> T:
            with session(self._login, self._dialect, errand, self.name) as line:
                line.greet()
                outcome = talk(line)
                line.leave()
                return outcome

        try:
            return await in_thread(work, within=self._timeout_s)
        except PowerError:
            raise
        except TimeoutError:
            raise self._failed(
                f"the device did not answer within {self._timeout_s:g} s",
                evidence="",
                next_step="check that it has power and network, its address, and log in by hand",
            ) from None
        except Exception as error:
            # paramiko raises errors of its own, of sockets, and of whatever a broken message trips.
            kind = type(error).__name__
            raise self._failed(
                "no SSH session came about, or it broke",
                evidence=shown(f"{kind}: {error}", self._login.secrets),
                next_step="a device that knows nothing newer than SHA-1 needs paramiko below 5"
                if kind == "IncompatiblePeer"
                else "check address and port, and log in by hand",
            ) from error

    def _failed(self, what: str, *, evidence: str, next_step: str) -> PowerDeviceError:
        return PowerDeviceError(what, evidence=evidence, next_step=next_step, concerns=self.name)

    def _error(self, what: str, *, evidence: str, next_step: str) -> PowerError:
        return PowerError(what, evidence=evidence, next_step=next_step, concerns=self.name)
