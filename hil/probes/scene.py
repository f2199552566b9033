"""What an experiment has to play with: the bench, and short words for what experiments have in common.

A scene never expects. It brings a phone into a situation in which its readings differ, and lets time
pass; what the phone did is judged afterwards, once for each reading. Only where the judge lets more
pass than one reading does a scene itself say which readings fit what was seen (`Scene.fits`). A
``wait`` that is not met is a precondition: the experiment tells nothing then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Unpack

from hil.endpoints.dhcp_offer import OfferOptions
from hil.history import Mark, Moment, Unmet
from hil.history import events as ev
from hil.lab_time import NANOSECONDS
from hil.reference.profile_builder import flat_profile
from hil.testbed.bench import Bench, Site
from hil.testing.clock import utc

QUIET = {
    "Resync_Random_Delay": "0",
    "Resync_Periodic": "0",
    "Resync_Error_Retry_Delay": "0",
    "Time_Zone": "GMT",
    "Daylight_Saving_Time_Enable": "No",
}
"""A phone that resyncs after its boot, and then only if it is asked to, whose clock shows UTC."""

PROFILE = "/probe.xml"


class Scene:
    """One experiment on a bench; the endpoints are the bench's."""

    def __init__(self, bench: Bench[Site]) -> None:
        self.bench = bench
        self.history = bench.history
        self.handset = bench.handset
        self.tftp, self.http = bench.tftp, bench.http
        self.ruled_out: dict[str, str] = {}
        self._candidates: tuple[str, ...] = ()

    def of(self, candidates: Sequence[str]) -> Scene:
        """The scene of a question with these readings."""
        self._candidates = tuple(candidates)
        return self

    # -- what surrounds the phone ------------------------------------------------------------------

    def url(self, path: str = PROFILE) -> str:
        """The address of a file of the TFTP server's."""
        return f"tftp://{self.tftp.address}{path}"

    def serve(self, path: str = PROFILE, body: bytes | None = None, **parameters: str) -> str:
        """Serve a file by TFTP, a profile of these parameters if nothing else; returns its address."""
        self.tftp.serve(path, flat_profile(**parameters) if body is None else body)
        return self.url(path)

    def offer(self, **options: Unpack[OfferOptions]) -> None:
        """Have DHCP offer these options and no other."""
        self.bench.dhcp.offer(**options)

    def clock(self, now: str) -> None:
        """It is ``now`` by UTC (``2026-03-02 07:30``), which the phone is told by DHCP's NTP server."""
        self.bench.ntp.set(utc(now))
        self.offer(ntp=self.bench.ntp.address)

    # -- the phone ---------------------------------------------------------------------------------

    def boot(self, **parameters: str) -> ev.DhcpMessage:
        """Boot with these parameters, quiet besides; the DHCPACK, a precondition."""
        up = self.handset.boot(**QUIET | {"Profile_Rule": self.url()} | parameters)
        return self.leased(up)

    def leased(self, up: Moment) -> ev.DhcpMessage:
        """The DHCPACK after power-on, a precondition."""
        limit = self.handset.boot_limit
        return self.history.wait(ev.DhcpMessage, kind="ACK", after=up, within=limit)

    def settled(self, **parameters: str) -> ev.DhcpMessage:
        """Boot as `boot` does, and let it do what it does after that."""
        lease = self.boot(**parameters)
        self.pass_time(self.settling)
        return lease

    @property
    def settling(self) -> float:
        """Seconds in which a phone has done what falls due at once, three files and their messages."""
        timing = self.handset.timing
        return 4 * timing.step + timing.message + timing.late

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds go by, and what the phone may be late by."""
        self.history.sleep(seconds + self.handset.timing.late)

    def resync(self) -> Mark:
        """Ask for a resync by the web page, and let it come to its end."""
        mark = self.history.mark()
        self.bench.web.resync()
        self.pass_time(self.settling)
        return mark

    def control(self, did: bool, what: str) -> None:
        """A precondition: the phone can do what some reading has it leave undone."""
        if not did:
            raise Unmet(f"awaited: {what}", precondition=True)

    # -- what was seen -----------------------------------------------------------------------------

    def asked(self, after: Moment) -> list[str]:
        """The paths that the phone has asked for since then."""
        return [each.path for each in self.history.all(ev.ProvisioningRequest, after=after)]

    def asked_at(self, after: Moment) -> list[float]:
        """When it has asked for something since then, seconds after it."""
        requests = self.history.all(ev.ProvisioningRequest, after=after)
        return [(each.at - after.at) / NANOSECONDS for each in requests]

    def fits(self, *readings: str | int, seen: str) -> None:
        """Rule out every reading but these, by what was seen."""
        for candidate in self._candidates:
            if candidate not in map(str, readings):
                self.ruled_out.setdefault(candidate, seen)


Play = Callable[[Scene], None]
"""An experiment: what it does with a scene."""
