"""A bench with a phone that resyncs, to break the laboratory around it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
import scenario

from hil.errors import LabError
from hil.history import Unmet
from hil.history import events as ev
from hil.judge import Conduct, Judgement, judge
from hil.net.namespace import enter
from hil.reference.profile_builder import flat_profile
from hil.testbed.virtual_bench import VirtualBench

enter()

NAMES = ("resync.periodic",)
Test = Callable[[], object]


class Stage:
    """A bench, and tests on it that are judged as the plugin would judge them."""

    def __init__(self, bench: VirtualBench) -> None:
        self.bench = bench

    def hourly(self) -> ev.TransferEnded:
        """Boot a phone that resyncs every hour, and wait for its first resync."""
        bench = self.bench
        bench.tftp.serve("/7832-3PCC.xml", flat_profile(Resync_Periodic="3600"))
        bench.dhcp.offer(option_66=bench.tftp.address)
        bench.handset.boot(Resync_Random_Delay="0")
        return bench.history.wait(ev.TransferEnded, within=100)

    def resyncs_again(self, meanwhile: Test = lambda: None) -> None:
        """Do something between two resyncs, and expect the second in time."""
        first = self.hourly()
        meanwhile()
        self.bench.history.expect(ev.TftpRequest, after=first, not_before=3600, within=3601)

    def judged(self, test: Test, name: str = "test") -> Judgement:
        """Run a test, and tell its verdict."""
        bench = self.bench
        started = bench.begin(name, NAMES)
        lab_error = unmet = ""
        try:
            test()
        except LabError as error:
            lab_error = str(error)
        except Unmet as error:
            unmet = str(error) if error.precondition else ""
        ended = bench.end(name, linger=True)
        conduct = Conduct(NAMES, unmet=unmet, lab_error=lab_error)
        events = bench.events_of(started, ended)
        return judge(events, conduct, bench.reference_phone(), bench.timing)

    def in_loop(self, action: Test) -> None:
        """Do something in the bench's loop."""

        async def there() -> None:
            action()

        self.bench.clock.run(there())


@pytest.fixture
def stage() -> Iterator[Stage]:
    with contextlib.closing(scenario.make_bench(0.0)) as made:
        yield Stage(made)
