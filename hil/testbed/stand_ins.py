"""The laboratory's own servers for a handset that is being prepared, in place of the test's."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from functools import partial

from hil.clock import Clock
from hil.endpoints.admission import Admission
from hil.endpoints.base import Endpoint
from hil.endpoints.certificates import Authority
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.https import TlsConfig
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_settings import Account, Authentication, Settings
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.reference.line_parameters import LINES
from hil.reference.parameters import Parameters
from hil.testbed.servers import HTTPS_NAME
from hil.testbed.site import Wire

_RULES = ("Profile_Rule", "Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D")
_PATH = re.compile(r"(?:(?:tftp|http)://[^/\s$]+|(?<![^\s]))(/[A-Za-z0-9._/-]+)(?![^\s|])")


class StandIns:
    """DHCP, HTTP and TFTP with one profile, and a SIP server that lets the phone's lines register.

    With an ``authority`` there is the same profile over HTTPS, and a DNS server for its name.

    ``psn`` is the phone's product name as its default rule asks for it: a phone whose web page is
    closed, and that resyncs by its default rule, finds the profile there as well.
    """

    def __init__(
        self,
        wire: Wire,
        clock: Clock,
        history: History,
        admission: Admission,
        psn: str,
        authority: Authority | None = None,
    ) -> None:
        self._clock = clock
        self.handset_address = wire.handset_address
        """What the phone is leased here."""
        surroundings = (wire.place, clock, history, admission)
        self._dhcp = DhcpEndpoint(*surroundings, handset_address=wire.handset_address)
        self._http = HttpEndpoint(*surroundings)
        self._tftp = TftpEndpoint(*surroundings)
        self.sip = SipEndpoint(*surroundings)
        self._files: list[HttpEndpoint | TftpEndpoint] = [self._http, self._tftp]
        self._endpoints: list[Endpoint] = [self._dhcp, *self._files, self.sip]
        self._dns: DnsEndpoint | None = None
        if authority is not None:
            names = (HTTPS_NAME, str(wire.place.address))
            secured = HttpEndpoint(*surroundings, port=443, tls=TlsConfig(authority, names))
            self._dns = DnsEndpoint(*surroundings)
            self._files.append(secured)
            self._endpoints += [secured, self._dns]
        self._by_default = f"/{psn}.xml"

    def secure_url(self, path: str) -> str:
        """Where a file is had over HTTPS; the port is named, since the default one is a clause."""
        return f"https://{HTTPS_NAME}:443{path}"

    @contextlib.contextmanager
    def serving(
        self, path: str, profile: bytes, accounts: Sequence[Parameters] = ()
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Serve the profile for the time of the block; gives its address, and all its paths.

        The first of them is ``path``; a phone that nobody tells of it finds it at the others.

        ``accounts`` are the parameters that the phone may hold: lines with one of their users register,
        and their rules lead to the profile as well, as far as these name a file without macros.
        """
        paths = tuple(dict.fromkeys([path, self._by_default, *_asked_for(accounts)]))
        self.sip.configure(_registering(accounts), "lines that may be the handset's")
        self._dhcp.offer(option_66=self._dhcp.address)
        if self._dns is not None:
            self._dns.answer(HTTPS_NAME, self._dns.address)
        for each in paths:
            for server in self._files:
                server.serve(each, profile)
        with contextlib.ExitStack() as closing:
            for endpoint in self._endpoints:
                self._clock.run(endpoint.start())
                closing.callback(partial(self._close, endpoint))
            yield self._http.url(path), paths
        for endpoint in self._endpoints:
            endpoint.reset()

    def _close(self, endpoint: Endpoint) -> None:
        self._clock.run(endpoint.close())


def _asked_for(accounts: Sequence[Parameters]) -> Iterator[str]:
    """The files that rules of these parameters name."""
    for parameters in accounts:
        for name in _RULES:
            for found in _PATH.finditer(parameters.raw(name)):
                yield found[1]


def _registering(accounts: Sequence[Parameters]) -> Settings:
    """An account for each user that a line may have, numbered on; whoever it is need not prove it."""
    found: dict[str, Account] = {}
    for parameters in accounts:
        for line in LINES:
            user = parameters.raw(f"User_ID_{line}_")
            if user and user not in found:
                found[user] = Account(user, parameters.raw(f"Password_{line}_"))
    return Settings(
        accounts=dict(enumerate(found.values(), 1)), authentication=Authentication(None)
    )
