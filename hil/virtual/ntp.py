"""The handset's SNTP client: where its clock has the time from (RFC 4330).

One round asks the servers in their order until one has told the time; then the next round is due
after an hour, or sooner if nobody did ("The synchronization period is fixed at 1 hour", MPP
Administration Guide, Time and Date Settings; the other numbers are our choice). An answer counts if
it comes from the address and port that were asked and `hil.wire.ntp.unusable` finds nothing wrong
with it; any other is as if it had not come. What the clock shows before is nobody's business: the
transmit timestamp of a question is a random number, which nobody who did not see it can return.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from hil.clock import Clock
from hil.errors import RemoteProtocolError
from hil.lab_time import NANOSECONDS
from hil.net.interface import Interface
from hil.virtual.datagrams import open_datagram, receive
from hil.virtual.resolver import Addresses, Resolution
from hil.wire import ntp


@dataclass(frozen=True, slots=True)
class NtpConfig:
    """Nanoseconds: ``timeout`` that a server has to answer, ``interval`` and ``retry`` between rounds.

    The interval follows a round that told the time, the retry one that did not; in a row of those it
    doubles up to the interval (RFC 4330 section 10). ``unusable`` says why no time is taken from an
    answer to a question.
    """

    timeout: int = 3 * NANOSECONDS
    retry: int = 60 * NANOSECONDS
    interval: int = 3600 * NANOSECONDS
    unusable: Callable[[ntp.Packet, ntp.Packet], str] = ntp.unusable


class NtpClient:
    """Sets the handset's clock from the network. Its methods belong to the loop's thread.

    ``resolve`` finds the addresses of a server's name, each of which is asked. ``clock_set`` is told
    the time of the very instant of the call, nanoseconds since 1970, for each good answer.
    """

    def __init__(
        self,
        interface: Interface,
        clock: Clock,
        resolve: Callable[[str], Awaitable[Resolution]],
        clock_set: Callable[[int], None],
        chance: random.Random,
        config: NtpConfig = NtpConfig(),
    ) -> None:
        self._interface = interface
        self._clock = clock
        self._resolve = resolve
        self._clock_set = clock_set
        self._chance = chance
        self._config = config
        self._servers: tuple[str, ...] = ()
        self._changed = asyncio.Event()

    @property
    def servers(self) -> tuple[str, ...]:
        """Names or addresses of the servers that are asked, in their order."""
        return self._servers

    def use(self, servers: Sequence[str]) -> None:
        """Ask these servers from now on; others than before are asked at once."""
        if tuple(servers) != self._servers:
            self._servers = tuple(servers)
            self._changed.set()

    async def run(self) -> None:
        """Keep the clock right until cancelled, as long as there is a server to ask."""
        retry = self._config.retry
        while True:
            self._changed.clear()
            if not self._servers:
                await self._changed.wait()
                continue
            told = await self._until_changed(self._round())
            if self._changed.is_set():
                retry = self._config.retry
                continue
            pause = self._config.interval if told else retry
            retry = self._config.retry if told else min(2 * retry, self._config.interval)
            await self._until_changed(asyncio.sleep(pause / NANOSECONDS))

    async def _until_changed(self, work: Awaitable[bool | None]) -> bool:
        """Do ``work``, or give it up when the servers change."""
        doing, changing = asyncio.ensure_future(work), asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait((doing, changing), return_when=asyncio.FIRST_COMPLETED)
            return doing.done() and bool(doing.result())
        finally:
            for task in (doing, changing):
                task.cancel()

    async def _round(self) -> bool:
        for server in self._servers:
            found = await self._resolve(server)
            addresses = found.addresses if isinstance(found, Addresses) else ()
            for address in addresses:
                utc_ns = await self._ask(address)
                if utc_ns is not None:
                    self._clock_set(utc_ns)
                    return True
        return False

    async def _ask(self, server: IPv4Address) -> int | None:
        """One question to one server: the time it is when this returns, or None."""
        question = ntp.Packet(ntp.Mode.CLIENT, transmit=self._chance.getrandbits(64) or 1)
        asked_at = self._clock.now()
        until = asked_at + self._config.timeout
        try:
            with open_datagram(self._interface) as asking:
                # Connected, so that the kernel lets in what this server sends from this port only.
                asking.connect((str(server), ntp.SERVER_PORT))
                asking.send(question.pack())
                while (came := await receive(asking, self._clock, until)) is not None:
                    answer = self._read(came[0], question)
                    if answer is not None:
                        return _time_of(answer, self._clock.now() - asked_at)
        except OSError:
            # No route, or nobody at that port: as good as silence, only sooner.
            return None
        return None

    def _read(self, data: bytes, question: ntp.Packet) -> ntp.Packet | None:
        try:
            answer = ntp.Packet.parse(data)
        except RemoteProtocolError:
            return None
        return None if self._config.unusable(answer, question) else answer


def _time_of(answer: ntp.Packet, waited_ns: int) -> int:
    """The time at which the answer came, ``waited_ns`` after the question went.

    Of that, what the server did not need itself was the way there and back (RFC 4330 section 5).
    """
    sent_ns = ntp.utc_ns(answer.transmit)
    needed_ns = sent_ns - ntp.utc_ns(answer.receive)
    return sent_ns + (waited_ns - min(max(0, needed_ns), waited_ns)) // 2
