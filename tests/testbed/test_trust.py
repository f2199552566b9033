"""Whether a phone trusts the laboratory is found out by asking it, and never held against it.

The virtual phone is asked in virtual time, by the means of a rack; what other phones may do is told.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import pytest
import rack_restorers

from hil.endpoints.certificates import Authority
from hil.errors import LabError
from hil.history import Unmet
from hil.history import events as ev
from hil.suite_location import suite_root
from hil.testbed.inventory import load
from hil.testbed.restorer import Power
from hil.testbed.stand_ins import StandIns
from hil.testbed.trust import TrustTrial, Visitable
from hil.testbed.virtual_bench import VirtualBench, virtual_bench
from hil.virtual.defects import firmware_with

T = TypeVar("T")
CA = "the lab's authority"
GIVE_UP_S = 180.0


@pytest.fixture
def bench() -> Iterator[VirtualBench]:
    testbed = load(suite_root() / "testbeds" / "virtual.yaml")
    with contextlib.closing(virtual_bench(testbed, testbed.handset())) as made:
        made.begin("test", ("transfer.https",))
        yield made


def trial(
    bench: VirtualBench, visitable: Visitable, stand_ins: StandIns | None = None
) -> TrustTrial:
    return TrustTrial(
        "a01",
        CA,
        bench.clock,
        bench.history,
        visitable=visitable,
        power=bench.handset.cord,
        standing={},
        address_of=stand_ins.secure_url if stand_ins else str,
        within=GIVE_UP_S,
    )


def asking(bench: VirtualBench, authority: Authority | None = None) -> TrustTrial:
    """The question to the bench's own phone, which trusts the bench's authority and no other."""
    authority = authority or bench.site._surroundings.authority
    surroundings = (bench.site.wire, bench.clock, bench.history, bench.admission)
    stand_ins = StandIns(*surroundings, bench.entry.shown_psn, authority)
    return trial(bench, rack_restorers.install(bench, stand_ins), stand_ins)


def notes(bench: VirtualBench) -> list[str]:
    return [each.text for each in bench.history.all(ev.Note)]


def preparings(bench: VirtualBench) -> int:
    return len(bench.history.all(ev.HandsetPreparing))


class TestTheVirtualPhone:
    def test_with_its_authority_tests_apply_and_it_is_asked_once(self, bench):
        trust = asking(bench)
        assert trust.missing(stated=False) == trust.missing(stated=True) == ""
        assert preparings(bench) == 1
        assert notes(bench) == [f"a01 trusts {CA}: it asked for a file over HTTPS"]

    def test_with_another_they_do_not(self, bench):
        trust = asking(bench, Authority())
        why = trust.missing(stated=False)
        assert why.startswith(f"a01 does not trust {CA} (")
        assert "tlsv1 alert unknown ca" in why
        assert "hil testbed authority" in why
        assert trust.missing(stated=False) == why
        assert preparings(bench) == 1

    def test_where_its_entry_says_otherwise_nobody_knows_who_is_right(self, bench):
        with pytest.raises(Unmet, match="as its entry says") as caught:
            asking(bench, Authority()).missing(stated=True)
        assert caught.value.precondition

    def test_a_refusal_is_known_as_soon_as_it_comes(self, bench):
        before = bench.history.now()
        asking(bench, Authority()).missing(stated=False)
        refused = bench.history.last(ev.TlsHandshake, succeeded=False)
        assert refused is not None
        assert (bench.history.now() - refused.at) / 1e9 < 5
        assert (bench.history.now() - before) / 1e9 < GIVE_UP_S

    @pytest.mark.parametrize("defect", ["certificate-not-verified", "https-unusable"])
    def test_a_defect_of_its_own_is_not_taken_for_a_lack_of_trust(self, bench, defect):
        bench.site.install(firmware_with([defect]))
        assert asking(bench).missing(stated=False) == ""

    def test_it_is_off_afterwards_and_prepared_for_the_test_as_ever(self, bench):
        bench.handset.prepare(GPP_A="wanted")
        trust = asking(bench)
        bench.handset.prepare(GPP_A="wanted")
        assert trust.missing(stated=False) == ""
        assert bench.handset.powered is False
        assert bench.admission.address is None
        bench.handset.power_on()
        assert bench.site.handset.flash.load()["GPP_A"] == "wanted"
        assert preparings(bench) == 2

    def test_nothing_of_it_is_judged(self, bench):
        asking(bench, Authority()).missing(stated=False)
        begun = bench.history.last(ev.HandsetPreparing)
        assert bench.history.all(ev.TlsHandshake, after=begun)
        assert not bench.history.all(ev.HandsetPrepared, after=begun)


class Told:
    """A phone that does what it is told to do; ``obeys`` is why it does not so much as that."""

    def __init__(self, bench: VirtualBench, *does: ev.Event, obeys: str = "") -> None:
        self.does = list(does)
        self.visits = 0
        self._bench = bench
        self._obeys = obeys

    def visit(self, power: Power, parameters: Mapping[str, str], do: Callable[[str], T]) -> T:
        del power, parameters
        self.visits += 1
        return do("/path")

    def tell(self, url: str) -> str:
        del url
        for event in self.does:
            self._bench.history.append(event)
        return self._obeys


def connected() -> ev.Event:
    return ev.Connected(source="https", connection=1, peer="", port=443)


def shaken(reason: str = "", source: str = "https") -> ev.Event:
    return ev.TlsHandshake(
        source=source, connection=1, peer="", succeeded=not reason, reason=reason
    )


def asked() -> ev.Event:
    return ev.HttpRequest(
        source="https",
        scheme="https",
        path="/path",
        peer="",
        port=443,
        transfer=1,
        method="GET",
        version="1.1",
    )


LEFT = (
    "tlsv1 alert unknown ca",
    "sslv3 alert bad certificate",
    "sslv3 alert handshake failure",
    "ended",
    "reset",
)


class TestOtherPhones:
    @pytest.mark.parametrize("reason", LEFT)
    def test_who_leaves_a_handshake_refuses_the_authority(self, bench, reason):
        trust = trial(bench, Told(bench, connected(), shaken(reason)))
        assert reason in trust.missing(stated=False)

    def test_who_shakes_hands_and_asks_for_nothing_refuses_it_too(self, bench):
        trust = trial(bench, Told(bench, connected(), shaken()))
        assert "asked for nothing" in trust.missing(stated=False)

    def test_who_tries_again_until_it_asks_trusts_it(self, bench):
        again = (connected(), shaken("reset"), connected(), shaken(), asked())
        assert trial(bench, Told(bench, *again)).missing(stated=True) == ""

    @pytest.mark.parametrize("reason", ["", "unsupported protocol", "no shared cipher"])
    @pytest.mark.parametrize("stated", [True, False])
    def test_who_was_shown_no_certificate_has_to_answer_for_itself(self, bench, reason, stated):
        does = [connected(), shaken(reason)] if reason else []
        trust = trial(bench, Told(bench, *does))
        assert trust.missing(stated=stated) == ""
        assert "did not connect to" in notes(bench)[0]

    def test_until_it_refuses_a_certificate_which_is_the_laboratorys_fault_then(self, bench):
        trust = trial(bench, Told(bench))
        assert trust.missing(stated=False) == ""
        prepared(bench)
        assert list(trust.trouble()) == []
        bench.history.append(shaken("no shared cipher"))
        assert list(trust.trouble()) == []
        bench.history.append(shaken("tlsv1 alert unknown ca", source="sip"))
        ((what, evidence),) = trust.trouble()
        assert "nobody knows" in what
        assert "unknown ca" in evidence
        prepared(bench)
        assert list(trust.trouble()) == []

    def test_who_trusts_it_may_be_blamed_for_what_it_refuses(self, bench):
        trust = trial(bench, Told(bench, connected(), shaken(), asked()))
        assert trust.missing(stated=False) == ""
        prepared(bench)
        bench.history.append(shaken("tlsv1 alert unknown ca"))
        assert list(trust.trouble()) == []

    def test_after_a_recovery_it_is_asked_again(self, bench):
        phone = Told(bench, connected(), shaken(), asked())
        trust = trial(bench, phone)
        assert trust.missing(stated=False) == ""
        prepared(bench)
        bench.history.append(
            ev.RecoveryStep(source="recovery", rung="factory-reset", phase=ev.RecoveryPhase.BEGUN)
        )
        prepared(bench)
        bench.history.append(shaken("tlsv1 alert unknown ca"))
        assert len(list(trust.trouble())) == 1
        phone.does = [connected(), shaken("tlsv1 alert unknown ca")]
        assert "unknown ca" in trust.missing(stated=False)
        assert phone.visits == 2

    def test_who_cannot_be_asked_is_the_laboratorys_trouble(self, bench):
        phone = Told(bench, obeys="its page says status 404")
        trust = trial(bench, phone)
        for _ in range(2):
            with pytest.raises(LabError, match="cannot be asked") as caught:
                trust.missing(stated=False)
            assert "404" in caught.value.evidence

    def test_without_an_authority_nobody_is_asked(self, bench):
        trust = trial(bench, Told(bench))
        trust._authority = ""
        assert "`hil testbed authority`" in trust.missing(stated=False)
        assert preparings(bench) == 0


def prepared(bench: VirtualBench) -> None:
    bench.history.append(ev.HandsetPrepared(source="bench"))
