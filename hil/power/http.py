"""Power that is switched over HTTP.

`hil.power.http_dialects` has what tells one device from another; the exchange, the deadline and what
becomes of a refusal are the same for all.

Proven against a device that is simulated after the vendors' published interfaces (Shelly's first and
second generation, Tasmota) behind Python's own HTTP server, with Basic and Digest authentication and
TLS, and against nginx; no device of these makes was at hand.
"""

from __future__ import annotations

import asyncio
import re

import h11

from hil.errors import (
    DeviceRefused,
    PowerDeviceError,
    PowerError,
    PowerRefused,
    StateUnknown,
    UsageError,
)
from hil.history.events import PowerAction
from hil.power.evidence import WITNESS, shown
from hil.power.http_client import HttpAnswer, HttpRequest, HttpServer, ask
from hil.power.http_dialects import HttpCall, HttpDialect, pointed

_OUTLET = re.compile(r"[ -~]{1,128}")
_DENIED = (401, 403)


class HttpPower:
    """The `hil.power.driver.PowerDriver` of a device with a web interface.

    ``query`` is added to each target, for devices whose credentials stand there, and is kept out of
    errors, as ``secrets`` are. ``timeout_s`` is the deadline of one call in seconds.
    """

    def __init__(
        self,
        server: HttpServer,
        dialect: HttpDialect,
        *,
        query: str = "",
        secrets: tuple[str, ...] = (),
        timeout_s: float = 5.0,
    ) -> None:
        if timeout_s <= 0:
            raise UsageError("timeout_s is the deadline of a call", remedy="more than 0 s")
        self._server = server
        self._dialect = dialect
        self._query = query
        self._secrets = (server.password, query, *secrets)
        self._timeout_s = timeout_s
        self.queue = asyncio.Lock()

    @property
    def name(self) -> str:
        """Kind of device and address."""
        return f"{self._dialect.name} {self._server.host}:{self._server.port}"

    async def on(self, outlet: str) -> None:
        """Switch on; `PowerRefused` unless the device grants it."""
        await self._switch(outlet, self._dialect.on_word)

    async def off(self, outlet: str) -> None:
        """Switch off; `PowerRefused` unless the device grants it."""
        await self._switch(outlet, self._dialect.off_word)

    async def state(self, outlet: str) -> PowerAction:
        """What the device says of the outlet; `StateUnknown` where it has no read-back."""
        reading = self._dialect.reading
        if reading is None:
            raise StateUnknown("the device has no read-back", next_step=WITNESS, concerns=self.name)
        answer = await self._asked(reading.call, outlet, "")
        said = reading.says(answer.body, outlet)
        if said is not None:
            return said
        raise self._error(
            "the outlet is said to be neither on nor off",
            evidence=self._shown(answer.body),
            next_step="compare the device with what the inventory says of it",
        )

    # -- inside ------------------------------------------------------------------------------------

    async def _switch(self, outlet: str, word: str) -> None:
        answer = await self._asked(self._dialect.switch, outlet, word)
        wanted = self._dialect.confirmed_by
        if wanted and pointed(answer.body, wanted, outlet) is None:
            raise PowerRefused(
                "the device answers without having obeyed",
                evidence=self._shown(answer.body),
                next_step="check the outlet's number, and user and password",
                concerns=self.name,
            )

    async def _asked(self, call: HttpCall, outlet: str, word: str) -> HttpAnswer:
        self._check(outlet)
        request = call.filled(outlet, word)
        said = f"{request.method} {request.target.partition('?')[0]}"
        if self._query:
            mark = "&" if "?" in request.target else "?"
            target = f"{request.target}{mark}{self._query}"
            request = HttpRequest(request.method, target, request.headers, request.body)
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await ask(self._server, request)
        except TimeoutError:
            raise self._failed(
                f"no answer within {self._timeout_s:g} s",
                evidence=said,
                next_step="check that the device has power and network, and its address",
            ) from None
        except h11.ProtocolError as error:
            raise self._failed(
                "the device speaks no HTTP",
                evidence=f"{said}: {self._shown(str(error))}",
                next_step="check the port, and whether it is http or https",
            ) from error
        except OSError as error:
            raise self._failed(
                "the device cannot be reached",
                evidence=f"{said}: {self._shown(str(error))}",
                next_step="check its address and port, and with https its certificate",
            ) from error
        if answer.status not in call.expect:
            raise self._refused(said, answer)
        return answer

    def _check(self, outlet: str) -> None:
        first, last = self._dialect.first, self._dialect.last
        if first is not None and last is not None:
            good = outlet.isascii() and outlet.isdigit() and len(outlet) < 4
            if not (good and first <= int(outlet) <= last):
                raise self._error(
                    "the device has no such outlet",
                    evidence=repr(outlet[:60]),
                    next_step=f"a number from {first} to {last}",
                )
        elif not _OUTLET.fullmatch(outlet):
            raise self._error(
                "the outlet has no usable name",
                evidence=repr(outlet[:60]),
                next_step="printable ASCII, 1 to 128 characters",
            )

    def _refused(self, said: str, answer: HttpAnswer) -> PowerRefused:
        kind: type[PowerRefused] = PowerRefused
        if answer.status in _DENIED:
            kind = DeviceRefused
            next_step = "check user and password"
        elif 300 <= answer.status < 400:
            next_step = "redirections are not followed; give the URL that it leads to"
        else:
            next_step = "look at the device's own pages, and compare its make with the inventory"
        return kind(
            f"the device refuses with status {answer.status}",
            evidence=f"{said}: {self._shown(answer.body)}",
            next_step=next_step,
            concerns=self.name,
        )

    def _shown(self, said: bytes | str) -> str:
        return shown(said, self._secrets)

    def _failed(self, what: str, *, evidence: str, next_step: str) -> PowerDeviceError:
        return PowerDeviceError(what, evidence=evidence, next_step=next_step, concerns=self.name)

    def _error(self, what: str, *, evidence: str, next_step: str) -> PowerError:
        return PowerError(what, evidence=evidence, next_step=next_step, concerns=self.name)
