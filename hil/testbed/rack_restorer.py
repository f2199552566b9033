"""Bringing a phone of a rack into a known state: it is told, by a profile that sets everything.

Nobody can write the memory of a real phone from outside. So it is switched on, among servers of the
laboratory's own that stand in for the test's, and told by its web page to take a profile in which each
parameter of the specification has its default, or the value that was asked for. Once it has the
profile and shows that it applied it, and once that is stored, its power is cut again.

A phone that does not let itself be told so is sent the same profile as a configuration that is
submitted, which the page takes although provisioning is disabled. What else can be done, up to a
factory reset, is a ladder (`hil.testbed.restorer.Ladder`) that whoever makes the restorer may give to
it; when that has brought the phone back it is told once more.

None of that is a test: `HandsetPreparing` marks its beginning, and the test's own servers are closed
meanwhile, so that nothing they were told to do is spent on it. It is left out where the handset had
no power since it was brought into the very state that is asked for.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeVar

from hil.clients.web import PhoneWeb
from hil.clock import Clock
from hil.endpoints.admission import Admission
from hil.errors import LabError
from hil.history import History, Mark, Moment, Unmet
from hil.history import events as ev
from hil.judge.monitor import Monitor
from hil.judge.timing import Timing
from hil.lab_time import NANOSECONDS
from hil.reference.direct_actions import ADMIN
from hil.reference.parameters import Parameters
from hil.reference.phone import Phone
from hil.reference.profile_builder import flat_profile
from hil.testbed.long_waits import awaiting
from hil.testbed.restorer import Case, Ladder, NoLadder, Power
from hil.testbed.servers import Servers
from hil.testbed.stand_ins import StandIns

HOW = "it is told by its web page to take a profile that sets every parameter"
_SETTLING_S = 0.5
_MOST_ACCOUNTS = 6
_SHOWN = 5
_TRANSFER = "it to fetch the profile that prepares it"

T = TypeVar("T")


class RackRestorer:
    """Tells a phone what to hold; see the module, and `hil.testbed.restorer.Restorer`.

    ``servers`` are the test's. ``phone`` is the handset as the reference knows it, with the
    load that it is to run.
    """

    lazy = True

    def __init__(
        self,
        clock: Clock,
        history: History,
        servers: Servers,
        stand_ins: StandIns,
        web: PhoneWeb,
        admission: Admission,
        timing: Timing,
        phone: Phone,
        *,
        ladder: Ladder | None = None,
    ) -> None:
        self._clock = clock
        self._history = history
        self._servers = servers
        self._stand_ins = stand_ins
        self._web = web
        self._admission = admission
        self._timing = timing
        self._phone = phone
        self._ladder = ladder or NoLadder()
        self._numbers = itertools.count(1)
        self._holds: Mapping[str, str] | None = None
        self._since: Mark | None = None
        self._accounts: list[Parameters] = [Parameters()]

    def restore(self, power: Power, parameters: Mapping[str, str]) -> str | None:
        """Have the phone hold exactly these, and defaults besides; it is off before and after."""
        _refuse_unwritable(parameters)
        if self._undisturbed(parameters):
            return None
        self._prepared(power, parameters, HOW, lambda _: None)
        self._holds, self._since = dict(parameters), self._history.mark()
        return None

    def visit(self, power: Power, parameters: Mapping[str, str], do: Callable[[str], T]) -> T:
        """Bring it into that state, have ``do`` find something out of it, and cut its power again.

        ``do`` gets the path of the profile that it was told; see `StandIns.secure_url`.
        """
        return self._prepared(power, parameters, "it is asked something", do)

    def tell(self, url: str) -> str:
        """Have it resync with this file, by its page; why it does not obey, or nothing."""
        return self._patiently(lambda: self._by_any_account(lambda: self._web.resync(url)))

    def recover(self, power: Power, parameters: Mapping[str, str], why: LabError) -> None:
        """Climb the ladder at once; a good resync is one with a profile of these parameters."""
        wanted = Parameters(parameters, self._phone.interpretations)
        self._holds = None
        self._remember(self._believed())
        self._remember(wanted)
        self._history.append(ev.HandsetPreparing(source="bench", how="it is brought back"))
        with self._alone(), self._told(wanted) as (url, paths):
            if self._admission.address is None:
                # Where it was when another bench had it.
                self._admission.leased(self._stand_ins.handset_address)
            power.power_on()
            self._climb(power, url, paths, why)

    # -- inside ------------------------------------------------------------------------------------

    def _prepared(
        self, power: Power, parameters: Mapping[str, str], how: str, do: Callable[[str], T]
    ) -> T:
        wanted = Parameters(parameters, self._phone.interpretations)
        self._holds = None
        self._remember(self._believed())
        self._remember(wanted)
        self._history.append(ev.HandsetPreparing(source="bench", how=how))
        with self._alone(), self._told(wanted) as (url, paths):
            try:
                self._give(power, url, paths, wanted)
                found = do(paths[0])
                self._history.sleep(self._timing.store)
            finally:
                power.power_off()
                self._admission.leased(None)
        return found

    def _undisturbed(self, parameters: Mapping[str, str]) -> bool:
        """Whether the phone holds that already: it was told so, and had no power since."""
        if self._since is None or self._holds != parameters:
            return False
        return not any(
            event.action is ev.PowerAction.ON
            for event in self._history.all(ev.PowerRequested, after=self._since)
        )

    def _believed(self) -> Parameters:
        """What the handset holds now if all that it was told since it was prepared came to pass."""
        prepared = self._history.last(ev.HandsetPrepared)
        if prepared is None:
            return Parameters({}, self._phone.interpretations)
        monitor = Monitor(self._phone, self._timing)
        monitor.run([prepared, *self._history.since(prepared)])
        return monitor.phone.parameters

    def _remember(self, wanted: Parameters) -> None:
        """Whatever account the phone may have now, it was this or one of the last."""
        self._accounts = [wanted, *self._accounts][:_MOST_ACCOUNTS]

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Have the test's servers out of the way, with all that they were told."""
        try:
            for trouble in self._clock.run(self._servers.close()):
                raise trouble
            yield
        finally:
            self._clock.run(self._servers.start())

    @contextlib.contextmanager
    def _told(self, wanted: Parameters) -> Iterator[tuple[str, tuple[str, ...]]]:
        path = f"/hil/prepare-{next(self._numbers)}.xml"
        with self._stand_ins.serving(path, flat_profile(**wanted), self._accounts) as served:
            yield served

    def _give(self, power: Power, url: str, paths: tuple[str, ...], wanted: Parameters) -> None:
        """Have the phone take the profile; `LabError` if it does not, whatever is tried."""
        up = self._history.mark()
        try:
            power.power_on()
            self._tell(up, url, paths, wanted)
        except LabError as error:
            again = self._history.mark()
            self._climb(power, url, paths, error)
            # It may have been taken back to its factory settings.
            self._remember(Parameters({}, self._phone.interpretations))
            try:
                self._tell(again, url, paths, wanted)
            except LabError as other:
                self._ladder.lost(other)
                raise
        # No way back helps against that.
        self._check_load()

    def _climb(self, power: Power, url: str, paths: tuple[str, ...], why: LabError) -> None:
        resynced = partial(self._resynced, url, paths)
        self._ladder.climb(Case(why, power, tuple(self._accounts), resynced))

    def _resynced(self, url: str, paths: tuple[str, ...], after: Moment, within: float) -> str:
        """Why it takes no profile; told by its page, or by itself where that is closed."""
        until = self._history.now() + round(within * NANOSECONDS)
        self._web.wait_at_most(within)
        refused = self._by_any_account(lambda: self._web.resync(url))
        self._web.reset()
        left = max(until - self._history.now(), 0) + self._history.now() - after.at
        try:
            with awaiting(self._history, _TRANSFER, until):
                self._history.wait(
                    ev.TransferEnded,
                    after=after,
                    within=max(left / NANOSECONDS, _SETTLING_S),
                    where=lambda event: event.path in paths,
                    outcome=ev.Outcome.COMPLETE,
                )
        except Unmet:
            took_none = f"it takes no profile to its end within {within:.0f} s"
            return "; ".join(filter(None, (took_none, refused)))
        return ""

    def _tell(self, up: Moment, url: str, paths: tuple[str, ...], wanted: Parameters) -> None:
        self._leased(up)
        seen = [self.tell(url)]
        if not seen[-1]:
            seen.append(self._applied(up, paths[:1], wanted, self._timing.give_up))
            if not seen[-1]:
                return
        submitted = self._history.mark()
        with self._awaiting_page(0.0):
            seen.append(self._by_any_account(lambda: self._web.submit(**wanted)))
        if not seen[-1]:
            self._leased(submitted)
            seen.append(self._patiently(lambda: self._differs(wanted)))
            if not seen[-1]:
                return
        # Where its page is closed it may come by itself.
        seen.append(self._applied(up, paths, wanted, self._boot_s))
        if seen[-1]:
            raise self._trouble("the phone does not take the profile that prepares it", seen)

    @property
    def _boot_s(self) -> float:
        return self._timing.restart + self._timing.boot + self._timing.lease

    def _leased(self, after: Moment) -> None:
        until = after.at + round(self._boot_s * NANOSECONDS)
        try:
            with awaiting(self._history, "its lease", until):
                self._history.wait(ev.DhcpMessage, kind="ACK", after=after, within=self._boot_s)
        except Unmet as unmet:
            raise self._trouble("the phone does not come up to be prepared", [str(unmet)]) from None

    def _applied(
        self, after: Moment, paths: tuple[str, ...], wanted: Parameters, within: float
    ) -> str:
        """Wait until it has the profile and shows that it applied it; why not, or nothing."""
        until = after.at + round(within * NANOSECONDS)
        try:
            with awaiting(self._history, _TRANSFER, until):
                self._history.wait(
                    ev.TransferEnded,
                    after=after,
                    within=within,
                    where=lambda event: event.path in paths,
                    outcome=ev.Outcome.COMPLETE,
                )
        except Unmet as unmet:
            return str(unmet)
        return self._patiently(lambda: self._differs(wanted))

    def _patiently(self, attempt: Callable[[], str]) -> str:
        """Try for a step's time, in which a phone that has its lease serves its page as well."""
        until = self._history.now() + round(self._timing.step * NANOSECONDS)
        with self._awaiting_page(self._timing.step):
            while (trouble := attempt()) and self._history.now() < until:
                self._history.sleep(_SETTLING_S)
        return trouble

    def _awaiting_page(self, within: float) -> AbstractContextManager[None]:
        """A wait for its page, where the last exchange begins ``within`` s and may be silent."""
        places = dict.fromkeys(map(_place, self._accounts))
        longest = within + len(places) * self._web.deadline_s
        ports = " or ".join(dict.fromkeys(port for _, port in places))
        return awaiting(
            self._history,
            f"its web page at {self._admission.address}:{ports}",
            self._history.now() + round(longest * NANOSECONDS),
        )

    def _differs(self, wanted: Parameters) -> str:
        """What its page shows otherwise; nothing where it is all right, or the page is to be shut."""
        if not (wanted.flag("Enable_Web_Server") and wanted.flag("Enable_Web_Admin_Access")):
            return ""
        self._enter(wanted)
        try:
            shown = self._web.parameters()
        except Unmet as unmet:
            return str(unmet)
        wrong = [
            name
            for name, value in wanted.items()
            if name in shown and _plain(shown[name]) != _plain(value)
        ]
        if not any(name in shown for name in wanted):
            return "its page shows no parameter"
        return f"it shows another value of {', '.join(wrong[:_SHOWN])}" if wrong else ""

    def _check_load(self) -> None:
        """`LabError` if it runs another load than the inventory says, by its own page.

        Where the page does not tell, nobody knows.
        """
        try:
            runs = self._web.status().product.swver
        except Unmet:
            return
        if runs and runs != self._phone.identity.swver:
            raise LabError(
                "the phone runs another load than the inventory says",
                evidence=f"{runs}, not {self._phone.identity.swver}",
                next_step="install the load that is to be tested, or correct firmware: swver:",
                concerns=self._admission.mac,
            )

    def _by_any_account(self, command: Callable[[], ev.WebAnswered]) -> str:
        """Give a command as each administrator that the phone may know; why none was obeyed."""
        seen: list[str] = []
        silent: set[tuple[str, str]] = set()
        for account in self._accounts:
            place = _place(account)
            if place in silent:
                continue
            self._enter(account)
            answered = command()
            if 200 <= answered.status < 300:
                return ""
            seen.append(answered.detail or f"status {answered.status}")
            if not answered.status:
                silent.add(place)
        return "its page says " + ", ".join(dict.fromkeys(seen))

    def _enter(self, account: Parameters) -> None:
        """Go to the page as a phone with these parameters has it."""
        self._web.log_in(ADMIN, account["Admin_Password"])
        self._web.reach(
            account.choice("Enable_Protocol").lower(), account.integer("Web_Server_Port")
        )

    def _trouble(self, what: str, seen: list[str]) -> LabError:
        return LabError(
            what,
            evidence="; ".join(filter(None, seen)),
            next_step="look at the phone, and take it back to its factory settings",
            concerns=self._admission.mac,
        )


def _refuse_unwritable(parameters: Mapping[str, str]) -> None:
    """A phone strips the values of a profile, and takes a line break for a blank."""
    for name, value in parameters.items():
        if value != value.strip() or any(each in value for each in "\r\n"):
            raise Unmet(
                f"awaited: a handset that holds {name} with blanks at its ends or a line break\n"
                "seen: one that is told by profiles, which cannot say that",
                precondition=True,
            )


def _place(account: Parameters) -> tuple[str, str]:
    """By what a phone with these parameters has its page: protocol and port."""
    return account["Enable_Protocol"], account["Web_Server_Port"]


def _plain(value: str) -> str:
    """A value without what pages write in one way or another."""
    return " ".join(value.split()).casefold()
