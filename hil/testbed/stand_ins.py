"""The laboratory's own servers for a handset that is being prepared, in place of the test's."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from functools import partial

from hil.clock import Clock
from hil.endpoints.admission import Admission
from hil.endpoints.base import Endpoint
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_settings import Account, Authentication, Settings
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.reference.line_parameters import LINES
from hil.reference.parameters import Parameters
from hil.testbed.site import Wire

_RULES = ("Profile_Rule", "Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D")
_PATH = re.compile(r"(?:(?:tftp|http)://[^/\s$]+|(?<![^\s]))(/[A-Za-z0-9._/-]+)(?![^\s|])")


class StandIns:
    """DHCP, HTTP and TFTP with one profile, and a SIP server that lets the phone's lines register.

    ``psn`` is the phone's product name as its default rule asks for it: a phone whose web page is
    closed, and that resyncs by its default rule, finds the profile there as well.
    """

    def __init__(
        self, wire: Wire, clock: Clock, history: History, admission: Admission, psn: str
    ) -> None:
        self._clock = clock
        self.handset_address = wire.handset_address
        """What the phone is leased here."""
        surroundings = (wire.place, clock, history, admission)
        self._dhcp = DhcpEndpoint(*surroundings, handset_address=wire.handset_address)
        self._http = HttpEndpoint(*surroundings)
        self._tftp = TftpEndpoint(*surroundings)
        self.sip = SipEndpoint(*surroundings)
        self._by_default = f"/{psn}.xml"

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
        for each in paths:
            self._http.serve(each, profile)
            self._tftp.serve(each, profile)
        with contextlib.ExitStack() as closing:
            for endpoint in (self._dhcp, self._http, self._tftp, self.sip):
                self._clock.run(endpoint.start())
                closing.callback(partial(self._close, endpoint))
            yield self._http.url(path), paths
        for endpoint in (self._dhcp, self._http, self._tftp, self.sip):
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
