"""A virtual phone's user agent on the handset's side of the network, and what it told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from sip_peer import ACCOUNT

from hil.reference.identity import Identity
from hil.reference.interpretations import DEFAULT
from hil.reference.parameters import Parameters
from hil.virtual.sip import Dialing, SipCallbacks, SipConfig, SipPhone

SECOND = 1_000_000_000


@dataclass
class Told:
    """What the user agent told its handset, in order."""

    events: list[tuple[object, ...]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


class PhoneUnderTest:
    """A virtual phone's user agent on the handset's side of the network."""

    def __init__(
        self, lab, *, config=None, interpretations=DEFAULT, names=None, tls=None, **values
    ):
        self.told = Told()
        self.crashes: list[str] = []
        self._clock = lab.clock
        self._lab = lab
        self._names = names or {}
        self.parameters = Parameters(ACCOUNT).updated(
            {
                name.replace("Resync_Reboot", "Resync-Reboot"): value
                for name, value in values.items()
            }
        )

        def teller(name):
            def tell(*what):
                self.told.events.append((name, *what))
                self._clock.notify()

            return tell

        def log(text):
            self.told.log.append(text)
            self._clock.notify()

        names_told = ("registered", "lost", "active", "asked", "failed")
        callbacks = SipCallbacks(**{name: teller(name) for name in names_told}, log=log)
        self.phone = SipPhone(
            lab.place,
            lab.clock,
            lab.chance,
            Identity("00:0e:08:aa:bb:cc"),
            self.parameters,
            locate=self._locate,
            tls=tls or (lambda: ssl.create_default_context()),
            crashed=self.crashes.append,
            callbacks=callbacks,
            config=config or SipConfig(),
            interpretations=interpretations,
        )

    async def _locate(self, host):
        await asyncio.sleep(0.001)
        return self._names.get(host)

    def do(self, action: Callable[[], object]) -> object:
        """Do something in the loop's thread."""

        async def done():
            return action()

        return self._clock.run(done())

    def start(self):
        self.do(self.phone.start)
        return self

    def stop(self):
        self.do(self.phone.stop)
        assert self.crashes == []

    def configure(self, **values):
        self.parameters = self.parameters.updated(values)
        self.do(lambda: self.phone.configure(self.parameters))

    def dial(self, number, line=1):
        return self.do(lambda: self.phone.dial(line, number))

    def hang_up(self, line=1):
        return self.do(lambda: self.phone.hang_up(line))

    def dial_until_answered(self, number, within=15.0):
        """Dial again whenever the call fails, until there is one."""
        log = self.told.log
        until = self._clock.now() + int(within * SECOND)
        while True:
            tried = len(log)
            assert self.dial(number) is Dialing.CALLING
            assert self._clock.wait(lambda tried=tried: len(log) > tried, until), log
            if "established" in log[-1]:
                return

    def logged(self, text, within=60.0):
        """Wait until a line of the log begins like this."""
        log = self.told.log
        until = self._clock.now() + int(within * SECOND)
        assert self._clock.wait(lambda: any(line.startswith(text) for line in log), until), log

    def wait(self, *event, within=60.0):
        """Wait until this was told."""
        until = self._clock.now() + int(within * SECOND)
        assert self._clock.wait(lambda: event in self.told.events, until), self.told
        return self
