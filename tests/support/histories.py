"""Histories made by hand: what a bench would have recorded of a phone, told in seconds of lab time.

A `Story` is told in the order of events. Everything that it does not say is as on a bench that
works: the lab is at 192.0.2.1, the phone at 192.0.2.16, DHCP option 66 names the lab.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hil.history import events as ev
from hil.judge import Finding, Monitor, Timing
from hil.reference.identity import Identity
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.parameters import Parameters
from hil.reference.phone import Phone
from hil.reference.profile_builder import flat_profile

LAB = "192.0.2.1"
PHONE = "192.0.2.16"
PATH = "/7832-3PCC.xml"
IDENTITY = Identity("000e08aabbcc")
TIMING = Timing(give_up=30.0, step=10.0, message=5.0)
NANOSECONDS = 1_000_000_000
_PORTS = {"tftp": 69, "http": 80, "https": 443}


def packed(*addresses: str) -> bytes:
    """Addresses as DHCP options carry them."""
    return b"".join(bytes(map(int, address.split("."))) for address in addresses)


class Story:
    """The events of one phone in the order in which they are told."""

    def __init__(self) -> None:
        self.events: list[ev.Event] = []
        self._transfers = 0
        self._connections = 0
        self._exchanges = 0

    def tell(self, at: float, event: ev.Event) -> Story:
        """Any event, ``at`` seconds of lab time."""
        placed = msgspec.structs.replace(
            event, at=round(at * NANOSECONDS), seq=len(self.events), handset="phone"
        )
        self.events.append(placed)
        return self

    # -- what surrounds the phone ------------------------------------------------------------------

    def started(self, *requirements: str, test: str = "test") -> Story:
        return self.tell(0, ev.TestStarted(source="bench", test=test, requirements=requirements))

    def prepared(self, at: float = 0, *, standby: str | None = "", **parameters: str) -> Story:
        """Its flash holds these parameters, its other partition the load ``standby``."""
        return self.tell(
            at, ev.HandsetPrepared(source="bench", parameters=parameters, standby=standby)
        )

    def power(self, at: float, action: str, *, seconds: float = 0.2) -> Story:
        """The outlet is told to switch, and has been read back ``seconds`` later."""
        to = ev.PowerAction(action)
        self.tell(at, ev.PowerRequested(source="power", outlet="1", action=to))
        return self.tell(at + seconds, ev.PowerSwitched(source="power", outlet="1", action=to))

    def lease(self, at: float, options: Mapping[int, bytes] | None = None) -> Story:
        """A DHCPACK; ``options`` beside (or in place of) those of a working lab."""
        usual = {6: packed(LAB), 51: (86_400).to_bytes(4), 54: packed(LAB), 66: LAB.encode()}
        return self.tell(
            at,
            ev.DhcpMessage(
                source="dhcp",
                direction=ev.Direction.SENT,
                kind="ACK",
                mac=IDENTITY.mac,
                xid=1,
                yiaddr=PHONE,
                options={**usual, **(options or {})},
            ),
        )

    def fault(self, at: float, kind: str, source: str, detail: str = "") -> Story:
        return self.tell(at, ev.FaultInjected(source=source, fault=kind, detail=detail))

    def ended(self, at: float) -> Story:
        """The phone answers to the end."""
        self.tell(at, ev.Alive(source="bench", alive=True, method="icmp"))
        return self.tell(at, ev.TestEnded(source="bench", test="test"))

    # -- what it does, and is told -----------------------------------------------------------------

    def look_up(self, at: float, name: str, *addresses: str, rcode: str = "NOERROR") -> Story:
        """A DNS query and its answer."""
        self.query(at, name)
        return self.resolved(at, name, *addresses, rcode=rcode)

    def query(self, at: float, name: str) -> Story:
        return self.tell(at, ev.DnsQuery(source="dns", name=name, qtype="A", peer=f"{PHONE}:4000"))

    def resolved(self, at: float, name: str, *addresses: str, rcode: str = "NOERROR") -> Story:
        answer = ev.DnsAnswer(
            source="dns", name=name, qtype="A", rcode=rcode, answers=tuple(addresses)
        )
        return self.tell(at, answer)

    def look_up_service(self, at: float, name: str, *records: str, rcode: str = "NOERROR") -> Story:
        """A query for SRV records and its answer, each record ``priority weight port target``."""
        query = ev.DnsQuery(source="dns", name=name, qtype="SRV", peer=f"{PHONE}:4000")
        answer = ev.DnsAnswer(source="dns", name=name, qtype="SRV", rcode=rcode, answers=records)
        return self.tell(at, query).tell(at, answer)

    def request(
        self,
        at: float,
        path: str = PATH,
        *,
        scheme: str = "tftp",
        port: int = 0,
        from_port: int = 5000,
        host: str = LAB,
        method: str = "GET",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
    ) -> int:
        """The phone asks for a file; returns the transfer's number."""
        self._transfers += 1
        peer, port = f"{PHONE}:{from_port}", port or _PORTS[scheme]
        if scheme == "tftp":
            self.tell(
                at,
                ev.TftpRequest(
                    source=scheme,
                    scheme=scheme,
                    path=path,
                    peer=peer,
                    port=port,
                    transfer=self._transfers,
                ),
            )
        else:
            self.tell(
                at,
                ev.HttpRequest(
                    source=scheme,
                    scheme=scheme,
                    path=path,
                    peer=peer,
                    port=port,
                    transfer=self._transfers,
                    method=method,
                    version="1.1",
                    headers=(("host", host), *headers),
                    body=body,
                ),
            )
        return self._transfers

    def end(
        self,
        at: float,
        transfer: int,
        outcome: str = "complete",
        *,
        scheme: str = "tftp",
        status: int = 0,
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Story:
        """The server's view of how that request ended."""
        return self.tell(
            at,
            ev.TransferEnded(
                source=scheme,
                scheme=scheme,
                path=PATH,
                peer=PHONE,
                transfer=transfer,
                outcome=ev.Outcome(outcome),
                status=status or (200 if scheme != "tftp" and outcome == "complete" else 0),
                body=body,
                headers=headers,
            ),
        )

    def fetch(self, at: float, path: str = PATH, *, scheme: str = "tftp", **profile: str) -> Story:
        """A request, answered in 0.1 s with a profile of these parameters."""
        number = self.request(at, path, scheme=scheme)
        return self.end(at + 0.1, number, scheme=scheme, body=flat_profile(**profile))

    def not_found(self, at: float, path: str = PATH) -> Story:
        """A request, answered in 0.1 s with file-not-found."""
        return self.end(at + 0.1, self.request(at, path), "not-found", status=1)

    def connected(self, at: float, port: int) -> int:
        """A TCP connection; returns its number."""
        self._connections += 1
        self.tell(
            at,
            ev.Connected(
                source="https", connection=self._connections, peer=f"{PHONE}:6000", port=port
            ),
        )
        return self._connections

    def web(
        self,
        at: float,
        target: str,
        status: int = 200,
        *,
        answered: float | None = None,
        method: str = "GET",
        body: bytes = b"",
        unsent: bool = False,
    ) -> Story:
        """The bench asks for a page, and the phone answers, 0.1 s later unless said otherwise."""
        self.ask(at, target, method=method, body=body)
        return self.answered(at + 0.1 if answered is None else answered, status, unsent=unsent)

    def ask(self, at: float, target: str, *, method: str = "GET", body: bytes = b"") -> Story:
        """The bench asks for a page."""
        self._exchanges += 1
        asked = ev.WebRequested(
            source="web",
            exchange=self._exchanges,
            scheme="http",
            method=method,
            target=target,
            requester=LAB,
            body=body,
        )
        return self.tell(at, asked)

    def answered(self, at: float, status: int = 200, *, unsent: bool = False) -> Story:
        """The phone answers the last request for a page; status 0: not at all."""
        answer = ev.WebAnswered(
            source="web", exchange=self._exchanges, status=status, unsent=unsent
        )
        return self.tell(at, answer)

    def boots(self, at: float, options: Mapping[int, bytes] | None = None) -> Story:
        """The phone boots with its power on: it asks for an address, and has its lease 1 s later."""
        discover = ev.DhcpMessage(
            source="dhcp", direction=ev.Direction.RECEIVED, kind="DISCOVER", mac=IDENTITY.mac, xid=1
        )
        return self.tell(at, discover).lease(at + 1, options)

    def log(self, at: float, text: str) -> Story:
        return self.tell(at, ev.SyslogMessage(source="syslog", text=text, peer=f"{PHONE}:514"))


def booted(lease: Mapping[int, bytes] | None = None, **parameters: str) -> Story:
    """A phone with these parameters that has its lease at 10 s; its resync is due at once."""
    story = Story().started().prepared(**{"Resync_Random_Delay": "0"} | parameters)
    return story.power(1, "on").lease(10, lease)


def phone(interpretations: Interpretations = DEFAULT) -> Phone:
    """The phone that the stories are about, as from the factory."""
    return Phone(IDENTITY, Parameters({}, interpretations), interpretations)


def monitored(
    story: Story, timing: Timing = TIMING, interpretations: Interpretations = DEFAULT
) -> Monitor:
    """The monitor after the whole story."""
    monitor = Monitor(phone(interpretations), timing)
    monitor.run(story.events)
    return monitor


def findings(
    story: Story, timing: Timing = TIMING, interpretations: Interpretations = DEFAULT
) -> list[Finding]:
    """What the monitor finds in a story."""
    return monitored(story, timing, interpretations).findings
