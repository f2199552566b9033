"""What a virtual handset runs: the specification's decisions, and how its network clients are set.

A `Firmware` is data. The reference firmware has every default; a defect is a firmware that differs
in one place (`hil.virtual.defects`).
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hil.reference import reports
from hil.reference.decisions import Decisions
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.loads import Load
from hil.reference.log_messages import LogMessage
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.phone import Asked, BootCause, Due, Phone, Retrieve
from hil.reference.phone_clock import ntp_servers
from hil.reference.phone_log import is_sent, sender_name
from hil.reference.reports import Report
from hil.reference.responses import Answer
from hil.reference.user_agent import user_agent
from hil.virtual.dhcp import DhcpConfig
from hil.virtual.flash import Flash
from hil.virtual.health import AtBoot, sound
from hil.virtual.http import LOADS as HTTP_LOADS
from hil.virtual.http import HttpConfig
from hil.virtual.neighbours import NeighbourConfig
from hil.virtual.ntp import NtpConfig
from hil.virtual.partitions import Partitions
from hil.virtual.resolver import ResolverConfig
from hil.virtual.screen import ScreenConfig
from hil.virtual.sip_config import SipConfig
from hil.virtual.syslog import SyslogConfig
from hil.virtual.tftp import LOADS as TFTP_LOADS
from hil.virtual.tftp import TftpConfig
from hil.virtual.web_pages import WebConfig


def anywhere(due: Due, chance: random.Random) -> int:
    """Pick the instant of a resync: uniformly in its window."""
    return chance.randint(due.earliest, due.latest)


def as_retrieved(retrieve: Retrieve) -> Retrieve:
    """Fetch exactly what the decisions say."""
    return retrieve


def as_composed(message: LogMessage) -> LogMessage | None:
    """Send exactly the message that is due."""
    return message


def as_answered(answer: Answer) -> Answer:
    """Take an answer for what it is."""
    return answer


async def stored_whole(flash: Flash, parameters: Mapping[str, str]) -> None:
    """Put all parameters in the place of those in force, so that a power cut leaves one set whole."""
    await flash.commit(parameters)


async def installed_whole(partitions: Partitions, load: Load | None) -> None:
    """Write a downloaded load to the other partition, and have the next boot start that one."""
    if load is not None:
        await partitions.install(load)
    await partitions.activate()


def takes_time(phone: Phone, utc_ns: int) -> bool:
    """Set the clock to whatever time it is told."""
    del phone, utc_ns
    return True


def as_asked(asked: Asked) -> Asked | None:
    """Take a request for what it is."""
    return asked


def as_caused(cause: BootCause) -> BootCause:
    """Restart for the reason that there is."""
    return cause


def as_it_was(phone: Phone) -> Phone:
    """Remember over a restart what there is to remember."""
    return phone


@dataclass(frozen=True)
class Firmware:
    """One build.

    ``boot_s`` is the time from power-on to DHCP, ``step_s`` between two steps of a resync, in
    seconds of lab time. ``defaults`` are its parameters where they differ from what is published for
    a phone that nobody has configured. ``first_utc_ns`` is what its clock shows after boot-up; a
    phone without a battery knows no time. The functions are the places where a defect can stand.
    """

    decisions: Decisions = field(default_factory=Decisions)
    defaults: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    interpretations: Interpretations = DEFAULT
    boot_s: float = 2.0
    step_s: float = 0.005
    instant: Callable[[Due, random.Random], int] = anywhere
    retrieve: Callable[[Retrieve], Retrieve] = as_retrieved
    message: Callable[[LogMessage], LogMessage | None] = as_composed
    answer: Callable[[Answer], Answer] = as_answered
    store: Callable[[Flash, Mapping[str, str]], Awaitable[None]] = stored_whole
    erases_before_fetch: bool = False
    dhcp: DhcpConfig = field(default_factory=DhcpConfig)
    resolver: ResolverConfig = field(default_factory=ResolverConfig)
    tftp: TftpConfig = field(default_factory=TftpConfig)
    http: HttpConfig = field(default_factory=HttpConfig)
    syslog: SyslogConfig = field(default_factory=SyslogConfig)
    http_loads: HttpConfig = HTTP_LOADS
    tftp_loads: TftpConfig = TFTP_LOADS
    install: Callable[[Partitions, Load | None], Awaitable[None]] = installed_whole
    asked: Callable[[Asked], Asked | None] = as_asked
    report: Callable[..., Report] = reports.compose
    sender_name: Callable[[MacroTable, str], str] = sender_name
    is_sent: Callable[[int, Parameters], bool] = is_sent
    ntp: NtpConfig = field(default_factory=NtpConfig)
    ntp_servers: Callable[[Parameters, Mapping[int, bytes]], tuple[str, ...]] = ntp_servers
    takes_time: Callable[[Phone, int], bool] = takes_time
    first_utc_ns: int | None = None
    sip: SipConfig = field(default_factory=SipConfig)
    pages: WebConfig = field(default_factory=WebConfig)
    screen: ScreenConfig = field(default_factory=ScreenConfig)
    neighbours: NeighbourConfig = field(default_factory=lambda: NeighbourConfig(repeats=False))
    health: AtBoot = sound
    restarted: Callable[[BootCause], BootCause | None] = as_caused
    remembered: Callable[[Phone], Phone] = as_it_was
    user_agent: Callable[[MacroTable], str] = user_agent
    verifies_server: bool = True
    checks_host_name: bool = True
    shows_certificate: bool = True


REFERENCE_FIRMWARE = Firmware()
