"""What a virtual handset prints on its serial console: its boot, and a line for what it does.

What a real phone prints is unpublished. These lines are of the kind that consoles have: a time
since the start, who speaks, what happened. No value of a parameter is in them, and no credentials.
"""

from __future__ import annotations

from hil.lab_time import NANOSECONDS
from hil.reference.identity import Identity
from hil.reference.log_messages import LogMessage
from hil.reference.phone import Apply, Began, Finished, Install, Leased, PoweredOn, Reboot, Retrieve
from hil.virtual.told import Booted, LeaseLost, Told


class ConsoleText:
    """Tells a handset's news in lines; time begins with each boot."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._began = 0

    def powered(self, at: int) -> list[str]:
        """What the boot loader says; ``at`` is lab time in nanoseconds."""
        self._began = at
        return [
            "",
            f"boot: {self._identity.pn} {self._identity.hwver}",
            f"boot: MAC {self._identity.mac}, serial {self._identity.serial}",
            f"boot: starting {self._identity.swver}",
        ]

    def of(self, at: int, news: Told) -> list[str]:
        """The lines of a piece of news, mostly one or none."""
        text = _said(news)
        return [f"[{(at - self._began) / NANOSECONDS:12.6f}] {text}"] if text else []


def _said(news: Told) -> str:
    match news:
        case Booted(parameters):
            return f"phone: up, {len(list(parameters.items_set()))} parameters set"
        case PoweredOn():
            return "phone: system started"
        case Leased(_, address, _):
            return f"dhcp: bound to {address}"
        case LeaseLost(reason):
            return f"dhcp: address lost: {reason}"
        case Began(purpose=purpose):
            return f"prov: {purpose.value} begins"
        case Retrieve(rule, fetch, server):
            return f"prov: {rule}: {fetch.url.partition('://')[0] or 'get'} from {server}"
        case Apply():
            return "prov: profile applied"
        case LogMessage():
            return f"syslog: {news.text}"
        case Finished(succeeded, reason, purpose):
            outcome = "succeeded" if succeeded else f"failed: {reason}"
            return f"prov: {purpose.value} {outcome}"
        case Install(name):
            return f"upgrade: installing {name}"
        case Reboot(cause):
            return f"phone: restarting: {cause.value}"
        case _:
            return ""
