"""The bench: one handset with all that surrounds it, the same on a rack and on a virtual testbed.

A bench is the history, the controlled endpoints, the bench's clients at the handset's own faces and a
test's hold on the handset. What it stands on is a `Site`: `hil.testbed.virtual_bench` makes one of
namespaces and programs, `hil.testbed.rack_bench` one of real wires and outlets.

A bench lives through many tests. `begin` takes the endpoints back to their defaults and leaves the
handset without power; `end` looks whether the handset lives and closes the test's part of the
history, which `events_of` gives to the judge.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Generic, TypeVar

from hil import __version__
from hil.clients.screen import Operator
from hil.clients.web import PhoneWeb
from hil.clock import Clock
from hil.endpoints.admission import Admission
from hil.endpoints.base import Endpoint
from hil.endpoints.certificates import Authority
from hil.errors import LabError
from hil.history import History, HistoryFile
from hil.history import events as ev
from hil.judge import Conduct, Word
from hil.judge.verdict import judge_as_read
from hil.net.interface import Place
from hil.reference.parameters import Parameters
from hil.reference.phone import Phone
from hil.testbed.health import endpoints_deaf, endpoints_gone
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.servers import BACKUP_SIP_PORT, HTTPS_NAME, Servers
from hil.testbed.site import Offer, Site, Surroundings

__all__ = ["BACKUP_SIP_PORT", "HTTPS_NAME", "Bench", "Site"]

S = TypeVar("S", bound=Site, covariant=True)

_FAR_END_S = 60.0
_CLOSING_S = 60.0
"""Power that was just cut comes back after the outlet's minimum off time, and maybe not at once."""


class Bench(Generic[S]):
    """The handset ``entry`` of ``testbed`` at its ``site``, which the bench closes with itself.

    ``directory`` is where the history and the key log go.
    """

    def __init__(
        self, testbed: Testbed, entry: HandsetEntry, site: S, *, directory: Path | None = None
    ) -> None:
        self.testbed = testbed
        self.entry = entry
        self._site = site
        self.timing = entry.judge_timing()
        self._cleanup = contextlib.ExitStack()
        self._cleanup.callback(site.close)
        try:
            self._build(site, directory)
        except BaseException:
            self._cleanup.close()
            raise

    def _build(self, site: Site, directory: Path | None) -> None:
        entry = self.entry
        self.clock: Clock = site.clock
        self.place: Place = site.wire.place
        self.history_file: HistoryFile | None = None
        if directory is not None:
            opened = HistoryFile(directory / "history.jsonl")
            self.history_file = self._cleanup.enter_context(opened)
            self._cleanup.callback(lambda: self.history.end())
        self.history = History(self.clock, handset=entry.name, file=self.history_file)
        self.clock.on_crash(lambda text: self._lab_fault("a task of the lab crashed", text))
        self.admission = Admission(entry.mac)
        kept = self.testbed.kept_authority
        authority = kept.make() if kept is not None else Authority()
        roots = kept.roots if kept is not None else ()
        self.servers = Servers(
            site.wire, self.clock, self.history, self.admission, authority, directory, roots
        )
        self._name_endpoints()
        self.web = PhoneWeb(self.place, self.clock, self.history, lambda: self.admission.address)
        surroundings = Surroundings(
            entry,
            self.timing,
            self.history,
            self.admission,
            authority,
            self.servers,
            self.web,
            self.reference_phone(),
            directory,
            self._lab_fault,
        )
        self.handset = site.furnish(surroundings)
        self.clock.run(self._start())
        self._cleanup.callback(lambda: self.clock.run(self._stop(), timeout=_CLOSING_S))
        self.witnesses = site.watch(surroundings)
        self._cleanup.callback(lambda: self.clock.run(self.witnesses.close(), timeout=_CLOSING_S))
        self._started: ev.TestStarted | None = None
        self._introduce()

    def _name_endpoints(self) -> None:
        servers = self.servers
        self.dhcp = servers.dhcp
        self.dns = servers.dns
        self.tftp = servers.tftp
        self.http = servers.http
        self.https = servers.https
        self.syslog = servers.syslog
        self.ntp = servers.ntp
        self.sip = servers.sip
        self.backup_sip = servers.backup_sip
        self.neighbours = servers.neighbours

    def _introduce(self) -> None:
        self.history.append(
            ev.RunStarted(
                source="bench",
                version=__version__,
                testbed=self.testbed.name,
                clock="virtual" if self.clock.virtual else "wall",
                wall_ns=time.time_ns(),
                identity=asdict(self.entry.identity()),
                interpretations=self.entry.interpretations,
                timing=asdict(self.timing),
            )
        )

    @property
    def site(self) -> S:
        """What the bench stands on."""
        return self._site

    @property
    def screen(self) -> Operator | None:
        """Who presses the handset's keys, if anybody does."""
        return self._site.screen

    def lacks(self, capability: str) -> str:
        """Why a test that needs this capability does not apply here; empty if it does.

        Some is found out by asking the handset (`hil.testbed.trust`): `Unmet` where its entry says that
        it has what it is seen to lack, `LabError` where it cannot be asked.
        """
        offer = Offer(self._site.provides)
        if why := offer.lacks(self.testbed, self.entry, capability):
            return why
        stated = capability in self.entry.capabilities.model_fields_set
        why = self._site.lacks(capability, stated=stated)
        return f"{capability}: {why}" if why else ""

    # -- tests -------------------------------------------------------------------------------------

    def begin(self, test: str, requirements: tuple[str, ...] = ()) -> ev.TestStarted:
        """Everything at its default, the handset off, its flash as from the factory."""
        self.witnesses.begin()
        started = self.history.append(
            ev.TestStarted(source="bench", test=test, requirements=requirements)
        )
        self._started = started
        self.servers.reset()
        self.web.reset()
        self.handset.prepare()
        self.admission.leased(None)
        self.handset.watch_link()
        # A test behaves alike whatever ran before it.
        self._site.begin(test)
        return started

    def end(self, test: str, *, linger: bool = False) -> ev.TestEnded:
        """See whether the handset lives, and close the test's part of the history.

        ``linger`` lets a moment pass first, so that the monitor sees what is overdue where a test
        gave up at the end of its own window.
        """
        if linger:
            self.history.sleep(2 * self.timing.late + 0.1)
        self.handset.is_alive()
        trouble = self.handset.link_trouble()
        if trouble:
            self._lab_fault("the handset's link and its power do not go together", trouble)
        for look in (endpoints_gone, endpoints_deaf):
            for what, evidence in look(self.servers.by_name):
                self._lab_fault(what, evidence)
        for what, evidence in self._site.trouble():
            self._lab_fault(what, evidence)
        if self.history.unwritten:
            self._lab_fault("what happened is not on disk", self.history.unwritten)
        self.witnesses.end()
        self._ask_the_far_end()
        return self.history.append(ev.TestEnded(source="bench", test=test))

    def _ask_the_far_end(self) -> None:
        """Where the phone would be blamed, let whoever counts there say whether the wire carried all.

        What it finds is no proof, and finding it takes time, so it is asked in no other case.
        """
        far_end, started = self._site.far_end, self._started
        if far_end is None or started is None:
            return
        events = [*self.history.since(started)]
        conduct = Conduct(started.requirements)
        if judge_as_read(events, conduct, self.reference_phone(), self.timing).word is Word.FAIL:
            for event in self.clock.run(far_end.doubts(), timeout=_FAR_END_S):
                self.history.append(event)

    def events_of(self, started: ev.TestStarted, ended: ev.TestEnded) -> Sequence[ev.Event]:
        """The history from a test's beginning to its end."""
        return [e for e in self.history.since(started) if e.seq <= ended.seq]

    def reference_phone(self) -> Phone:
        """The handset as the reference knows it at the beginning of a test."""
        interpretations = self.entry.chosen_interpretations()
        return Phone(self.entry.identity(), Parameters({}, interpretations), interpretations)

    def endpoint(self, name: str) -> Endpoint:
        """An endpoint by the name of its attribute."""
        return self.servers.by_name[name]

    @contextlib.contextmanager
    def serving(self, name: str, endpoint: Endpoint) -> Iterator[None]:
        """Have one endpoint more for the time of the block, looked after like the others."""
        with self.servers.serving(name, endpoint):
            yield

    def close(self) -> None:
        """Switch everything off and let go of the site."""
        self._cleanup.close()

    # -- inside ------------------------------------------------------------------------------------

    async def _start(self) -> None:
        await self.servers.start()
        await self._site.start()

    async def _stop(self) -> None:
        try:
            await self._site.stop()
        except LabError as error:
            self._lab_fault("the site was not left as it should be", str(error))
        for trouble in await self.servers.close():
            self._lab_fault("an endpoint did not close", str(trouble))

    def _lab_fault(self, what: str, evidence: str) -> None:
        self.history.append(
            ev.LabFault(source="bench", what=what, evidence=evidence, concerns=self.entry.name)
        )
