"""The ways to a handset of a rack, on the real protocols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from hil.clients.web import PhoneWeb
from hil.console.console import Console
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_inquiry import Final
from hil.endpoints.sip_settings import Account
from hil.errors import LabError, StateUnknown
from hil.history import History, Mark, Moment, Unmet
from hil.history import events as ev
from hil.lab_time import NANOSECONDS
from hil.net.ping import ping
from hil.recovery.ways import Budget
from hil.reference.direct_actions import ADMIN
from hil.reference.line_parameters import LINES
from hil.reference.notify import NotifyAction
from hil.reference.parameters import Parameters
from hil.testbed.restorer import Case, Reach

_SPARE_S = 5.0
_OPTIONS_S = 5.0
_ECHOES = 3
_BOOTING = ("DISCOVER", "REQUEST")
"""What a phone that boots begins with; the latter if it remembers an address (RFC 2131 4.3.2)."""


class SipFace:
    """By a line that is registered at the server of the preparation, or was elsewhere before.

    Its challenge is answered with each password that the handset may hold for the line's user.
    ``address`` tells where the handset is, for a line that nobody here has seen register.
    """

    def __init__(
        self,
        sip: SipEndpoint,
        history: History,
        accounts: Sequence[Parameters],
        address: Callable[[], IPv4Address | None],
    ) -> None:
        self._sip = sip
        self._history = history
        self._lines = _lines(accounts)
        self._address = address

    def answers(self, within: float) -> str:
        """Whether a line that is registered, or may be, answers an OPTIONS."""
        budget = Budget(self._history.now, within)
        line = self._registered()
        if line is not None:
            return _refusal("OPTIONS", self._sip.request("OPTIONS", line=line, within=budget.left))
        address, seen = self._address(), ["no line of the handset's is registered"]
        for line, account in self._sip.settings.accounts.items():
            if address is None:
                break
            self._sip.presume(line, str(address), self._lines[account.user].port)
            final = self._sip.request("OPTIONS", line=line, within=budget.within(_OPTIONS_S))
            if refusal := _refusal(f"OPTIONS to {account.user}", final):
                self._sip.forget(line)
                seen.append(refusal)
            else:
                return ""
        return "; ".join(seen)

    def reboot(self, within: float) -> str:
        """``Event: reboot_now``, with each password in turn."""
        budget = Budget(self._history.now, within)
        line = self._registered()
        if line is None:
            return "no line of the handset's is registered any more"
        user = self._sip.settings.account(line).user
        final = Final(0, "not asked", challenged=False)
        for password in self._lines[user].passwords:
            accounts = {**self._sip.settings.accounts, line: Account(user, password)}
            if accounts != self._sip.settings.accounts:
                self._sip.account(line, user, password)
            final = self._sip.notify(
                NotifyAction.REBOOT.value, line=line, within=budget.within(within)
            )
            if final.status != 401:
                break
        return _refusal("NOTIFY reboot_now", final)

    def _registered(self) -> int | None:
        lines = self._sip.settings.accounts
        return next((line for line in lines if self._sip.registered(line)), None)


class WebFace:
    """By its page, as each administrator that the handset may know."""

    def __init__(self, web: PhoneWeb, history: History, accounts: Sequence[Parameters]) -> None:
        self._web = web
        self._history = history
        self._accounts = _distinct(accounts)

    def answers(self, within: float) -> str:
        """Any answer of HTTP will do: a page that wants a password is there."""
        budget = Budget(self._history.now, within)
        seen: list[str] = []
        for account in self._accounts:
            answered = self._as(account, budget, lambda: self._web.get("/"))
            if answered.status:
                return ""
            seen.append(answered.detail)
        return "its page does not answer: " + "; ".join(dict.fromkeys(seen))

    def reboot(self, within: float) -> str:
        """``/admin/reboot``."""
        return self._commanded(self._web.reboot, within)

    def factory_reset(self, within: float) -> str:
        """The button of Info > Debug Info."""
        return self._commanded(self._web.factory_reset, within)

    def _commanded(self, command: Callable[[], ev.WebAnswered], within: float) -> str:
        budget = Budget(self._history.now, within)
        seen: list[str] = []
        for account in self._accounts:
            answered = self._as(account, budget, command)
            if 200 <= answered.status < 300:
                return ""
            seen.append(answered.detail or f"status {answered.status}")
        return "its page says " + ", ".join(dict.fromkeys(seen))

    def _as(
        self, account: Parameters, budget: Budget, ask: Callable[[], ev.WebAnswered]
    ) -> ev.WebAnswered:
        """Ask the page of a handset that holds these parameters."""
        self._web.wait_at_most(budget.within(budget.seconds))
        self._web.log_in(ADMIN, account["Admin_Password"])
        self._web.reach(
            account.choice("Enable_Protocol").lower(), account.integer("Web_Server_Port")
        )
        try:
            return ask()
        finally:
            self._web.reset()


@dataclass(frozen=True)
class PowerFace:
    """By the outlet that the inventory names, and by nothing else."""

    reach: Reach
    case: Case

    def answers(self, within: float) -> str:
        """A device without read-back cannot be asked; whether it obeys, the wire shows."""
        reach = self.reach
        try:
            reach.clock.run(reach.outlet.state(), timeout=within)
        except StateUnknown:
            return ""
        except LabError as error:
            return str(error).replace("\n", " ")
        return ""

    def cycle(self, within: float) -> None:
        """Off and on; an interruption too leaves the power on."""
        try:
            self.case.power.power_cycle(within)
        except LabError:
            raise
        except BaseException:
            self.ensure_on()
            raise

    def ensure_on(self) -> None:
        """On, if the device does not say that it is."""
        reach = self.reach
        try:
            on = reach.clock.run(reach.outlet.state()) is ev.PowerAction.ON
        except LabError:
            on = False
        if not on:
            self.case.power.power_on()


@dataclass(frozen=True)
class ConsoleFace:
    """By the line that the console's entry has for it."""

    console: Console
    command: str
    reach: Reach

    def answers(self, within: float) -> str:
        """Whether the console is open; nothing is typed."""
        del within
        return "" if self.console.connected else "its console cannot be reached"

    def factory_reset(self, within: float) -> str:
        """Type the line."""
        typed = f"{self.command}\r".encode()
        try:
            self.reach.clock.run(self.console.send(typed), timeout=within)
        except LabError as error:
            return str(error).replace("\n", " ")
        return ""


@dataclass(frozen=True)
class OnTheWire:
    """What the history and an echo tell."""

    reach: Reach
    case: Case

    def mark(self) -> Mark:
        """The present place in the history."""
        return self.reach.history.mark()

    def booted(self, after: Moment, within: float) -> str:
        """A DHCPDISCOVER, or the DHCPREQUEST of one who reboots."""

        def boots(message: ev.DhcpMessage) -> bool:
            return message.kind in _BOOTING and message.ciaddr == "0.0.0.0"

        return self._seen(after, within, "it does not boot", boots, ev.Direction.RECEIVED)

    def leased(self, after: Moment, within: float) -> str:
        """A DHCPACK."""

        def acknowledged(message: ev.DhcpMessage) -> bool:
            return message.kind == "ACK"

        return self._seen(after, within, "it takes no lease", acknowledged, ev.Direction.SENT)

    def answers(self, within: float) -> str:
        """An ICMP echo."""
        reach = self.reach
        address = reach.address()
        if address is None:
            return "it has no address"
        each_s = within / (_ECHOES + 1)
        work = ping(reach.place, reach.clock, address, timeout_s=min(1.0, each_s))
        return reach.clock.run(work, timeout=within + _SPARE_S)

    def resynced(self, after: Moment, within: float) -> str:
        """A profile, taken to its end."""
        return self.case.resynced(after, within)

    def _seen(
        self,
        after: Moment,
        within: float,
        otherwise: str,
        where: Callable[[ev.DhcpMessage], bool],
        direction: ev.Direction,
    ) -> str:
        """Wait until the history has it since ``after``, for ``within`` seconds from now."""
        history = self.reach.history
        passed = (history.now() - after.at) / NANOSECONDS
        try:
            history.wait(
                ev.DhcpMessage,
                after=after,
                within=passed + within,
                where=where,
                direction=direction,
            )
        except Unmet:
            return f"{otherwise} within {within:.0f} s"
        return ""


def _refusal(what: str, final: Final) -> str:
    if 200 <= final.status < 300:
        return ""
    said = f"{final.status} {final.reason}" if final.status else final.reason
    return f"{what}: {said}"


@dataclass
class _Line:
    """What is known of a line by its user: where it listens, and its passwords, likeliest first."""

    port: int
    passwords: list[str]


def _lines(accounts: Sequence[Parameters]) -> dict[str, _Line]:
    """The lines that the handset may have."""
    known: dict[str, _Line] = {}
    for parameters in accounts:
        for line in LINES:
            user, password = parameters.raw(f"User_ID_{line}_"), parameters.raw(f"Password_{line}_")
            if not user:
                continue
            found = known.setdefault(user, _Line(parameters.integer(f"SIP_Port_{line}_"), []))
            if password not in found.passwords:
                found.passwords.append(password)
    return known


def _distinct(accounts: Sequence[Parameters]) -> list[Parameters]:
    """One of each page: they differ in password, protocol and port."""
    pages = {
        (each["Admin_Password"], each.choice("Enable_Protocol"), each.raw("Web_Server_Port")): each
        for each in reversed(accounts)
    }
    return list(reversed(pages.values()))
