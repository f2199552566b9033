"""The controlled endpoints of a bench: one of each kind at one place, all serving one handset."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from hil.clock import Clock
from hil.endpoints.admission import Admission
from hil.endpoints.base import Endpoint
from hil.endpoints.certificates import Authority
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.https import TlsConfig
from hil.endpoints.neighbours import NeighbourListener
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.errors import LabError
from hil.history import History
from hil.testbed.site import Wire

HTTPS_NAME = "prov.example"
"""The host name in the HTTPS endpoint's certificate; its DNS endpoint knows the name."""

BACKUP_SIP_PORT = 5070
"""Where the second SIP server of a bench listens, the backup proxy."""

KEY_LOG = "tls-keys.log"
"""The file of TLS secrets, for Wireshark, in a run's directory."""


class Servers:
    """The endpoints at ``wire``; they listen from `start` on.

    ``authority`` signs their certificates; what phones show is verified by it or by ``client_roots``
    (PEM). ``directory`` is where TLS secrets are logged.
    """

    def __init__(
        self,
        wire: Wire,
        clock: Clock,
        history: History,
        admission: Admission,
        authority: Authority,
        directory: Path | None = None,
        client_roots: tuple[str, ...] = (),
    ) -> None:
        self._clock = clock
        place = wire.place
        surroundings = (place, clock, history, admission)
        names = (HTTPS_NAME, str(place.address))
        key_log = directory / KEY_LOG if directory else None
        self.dhcp = DhcpEndpoint(*surroundings, handset_address=wire.handset_address)
        self.dns = DnsEndpoint(*surroundings)
        self.tftp = TftpEndpoint(*surroundings)
        self.http = HttpEndpoint(*surroundings)
        secured = TlsConfig(authority, names, client_roots=client_roots, key_log=key_log)
        self.https = HttpEndpoint(*surroundings, port=443, tls=secured)
        self.syslog = SyslogEndpoint(*surroundings)
        self.ntp = NtpEndpoint(*surroundings)
        self.sip = SipEndpoint(*surroundings, tls=TlsConfig(authority, names))
        self.backup_sip = SipEndpoint(*surroundings, port=BACKUP_SIP_PORT, name="backup-sip")
        self.neighbours = NeighbourListener(*surroundings, port=wire.port)
        self.by_name: dict[str, Endpoint] = {
            "dhcp": self.dhcp,
            "dns": self.dns,
            "tftp": self.tftp,
            "http": self.http,
            "https": self.https,
            "syslog": self.syslog,
            "ntp": self.ntp,
            "sip": self.sip,
            "backup_sip": self.backup_sip,
            "neighbours": self.neighbours,
        }

    def reset(self) -> None:
        """Take each back to its default."""
        for endpoint in self.by_name.values():
            endpoint.reset()

    async def start(self) -> None:
        """Have all of them listen; `EndpointError` if one cannot."""
        for endpoint in self.by_name.values():
            await endpoint.start()

    async def close(self) -> list[LabError]:
        """Stop them; returns what went wrong on the way."""
        troubles = []
        for endpoint in self.by_name.values():
            try:
                await endpoint.close()
            except LabError as error:
                troubles.append(error)
        return troubles

    @contextlib.contextmanager
    def serving(self, name: str, endpoint: Endpoint) -> Iterator[None]:
        """Have one endpoint more for the time of the block, looked after like the others."""
        self._clock.run(endpoint.start())
        self.by_name[name] = endpoint
        try:
            yield
        finally:
            del self.by_name[name]
            self._clock.run(endpoint.close())
