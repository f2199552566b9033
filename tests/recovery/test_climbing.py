"""A ladder is climbed from the bottom up, on ways that fail at any place, in a time of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from hil.errors import LabError, UsageError
from hil.history import Mark
from hil.history.events import RecoveryPhase
from hil.judge.timing import Timing
from hil.lab_time import NANOSECONDS
from hil.recovery.climbing import GaveUp, Recovered, climb
from hil.recovery.ladder import LADDER, from_rung
from hil.recovery.ways import Budget, Facts, Ways

TIMING = Timing(boot=10, lease=10, give_up=20, step=5, restart=30)
SKIPPED, BEGUN = RecoveryPhase.SKIPPED, RecoveryPhase.BEGUN
SUCCEEDED, FAILED = RecoveryPhase.SUCCEEDED, RecoveryPhase.FAILED


@dataclass
class Bench:
    """A handset and all ways to it, in a time that passes only where something takes time.

    ``cure`` is the action that makes it well; ``wrong`` has, by the name of a call, why it does not
    come about, an exception that it raises, or how many seconds it hangs (as long as it may).
    """

    cure: str = ""
    wrong: dict[str, object] = field(default_factory=dict)
    now: int = 0
    well: bool = False
    lit: bool = True
    calls: list[str] = field(default_factory=list)
    withins: list[float] = field(default_factory=list)

    def call(self, name, within):
        self.calls.append(name)
        self.withins.append(within)
        wrong = self.wrong.get(name, "")
        if isinstance(wrong, BaseException):
            raise wrong
        if isinstance(wrong, float):
            self.now += round(min(wrong, within) * NANOSECONDS)
            return "" if wrong <= within else f"nothing within {within:g} s"
        self.now += NANOSECONDS
        return wrong

    def acted(self, name, within):
        refused = self.call(name, within)
        self.well = self.well or (not refused and name == self.cure)
        return refused

    def shows(self, name, within):
        return self.call(name, within) or ("" if self.well else f"{name}: nothing")


@dataclass
class Face:
    """One way: ``answers``, and actions by name."""

    name: str
    bench: Bench

    def answers(self, within):
        return self.bench.call(f"{self.name}?", within)

    def reboot(self, within):
        return self.bench.acted(f"{self.name} reboot", within)

    def factory_reset(self, within):
        return self.bench.acted(f"{self.name} reset", within)

    def cycle(self, within):
        self.bench.lit = False
        self.bench.acted("cycle", within)
        self.bench.lit = True

    def ensure_on(self):
        self.bench.call("on", 0)
        self.bench.lit = True

    def does(self, what, within):
        self.bench.calls.append(what)
        return not self.bench.acted("person", within)


@dataclass
class Wire:
    bench: Bench

    def mark(self):
        return Mark(0, self.bench.now)

    def booted(self, after, within):
        return self.bench.shows("booted", within)

    def leased(self, after, within):
        return self.bench.shows("leased", within)

    def answers(self, within):
        return self.bench.shows("echo", within)

    def resynced(self, after, within):
        return self.bench.shows("resynced", within)


def ways_of(bench, *, feeds=("poe",), factory_reset="web", console_reset=False, person=False):
    return Ways(
        facts=Facts(frozenset(feeds), factory_reset, console_reset),
        wire=Wire(bench),
        now=lambda: bench.now,
        sip=Face("sip", bench),
        web=Face("web", bench),
        power=Face("power", bench),
        console=Face("console", bench),
        person=Face("person", bench) if person else None,
    )


def climbed(bench, *, ladder=LADDER, total_s=3600.0, **facts):
    steps = []
    ways = ways_of(bench, **facts)
    outcome = climb(ladder, ways, steps.append, timing=TIMING, total_s=total_s)
    return outcome, steps


def phases(steps):
    return [(step.rung, step.phase) for step in steps]


@pytest.mark.parametrize(
    ("cure", "rung"),
    [
        ("sip reboot", "sip-reboot"),
        ("web reboot", "web-reboot"),
        ("cycle", "poe"),
        ("web reset", "factory-reset"),
    ],
)
def test_the_first_rung_that_helps_ends_the_climb(cure, rung):
    bench = Bench(cure=cure)

    outcome, steps = climbed(bench)

    assert isinstance(outcome, Recovered)
    assert outcome.rung == rung
    assert phases(steps)[-2:] == [(rung, BEGUN), (rung, SUCCEEDED)]
    assert bench.calls[-4:] == ["booted", "leased", "echo", "resynced"]
    tried = [name for name, phase in phases(steps) if phase is FAILED]
    applying = ["sip-reboot", "web-reboot", "poe", "factory-reset"]
    assert tried == applying[: applying.index(rung)]


@pytest.mark.parametrize("sign", ["booted", "leased", "echo", "resynced"])
def test_an_action_that_was_obeyed_proves_nothing_while_one_sign_is_missing(sign):
    bench = Bench(cure="sip reboot", wrong={sign: "not seen"})

    outcome, steps = climbed(bench, ladder=LADDER[:1])

    assert isinstance(outcome, GaveUp)
    assert phases(steps) == [("sip-reboot", BEGUN), ("sip-reboot", FAILED)]
    assert steps[-1].reason == "not seen"


@pytest.mark.parametrize(
    ("way", "rung"), [("sip?", "sip-reboot"), ("web?", "web-reboot"), ("power?", "poe")]
)
@pytest.mark.parametrize("wrong", ["no answer", LabError("the way broke")])
def test_a_rung_whose_precondition_does_not_hold_is_skipped_with_its_reason(way, rung, wrong):
    bench = Bench(cure="web reset", wrong={way: wrong, "web reset": ""})

    _, steps = climbed(bench)

    (step,) = [step for step in steps if step.rung == rung]
    assert step.phase is SKIPPED
    assert step.reason == (wrong if isinstance(wrong, str) else "the way broke")


_BROKEN = LabError("the lab broke", evidence="a timeout")


@pytest.mark.parametrize(
    ("action", "wrong"),
    [
        ("sip reboot", "refused"),
        ("sip reboot", _BROKEN),
        ("web reboot", "refused"),
        ("web reboot", _BROKEN),
        ("cycle", _BROKEN),
        ("web reset", "refused"),
        ("web reset", _BROKEN),
    ],
)
def test_an_action_that_fails_leads_to_the_next_rung(action, wrong):
    bench = Bench(wrong={action: wrong})

    outcome, steps = climbed(bench)

    assert isinstance(outcome, GaveUp)
    reason = "refused" if isinstance(wrong, str) else "the lab broke (a timeout)"
    assert reason in [step.reason for step in steps]
    assert phases(steps)[-1] == ("factory-reset", FAILED)


def test_what_the_inventory_does_not_have_is_not_touched():
    bench = Bench()

    _, steps = climbed(bench, feeds=("pdu",), factory_reset="none")

    skipped = {step.rung: step.reason for step in steps if step.phase is SKIPPED}
    assert skipped["poe"] == "no PoE port feeds it"
    assert "factory_reset" in skipped["factory-reset"]
    assert bench.calls.count("cycle") == 1
    assert "web reset" not in bench.calls


def test_where_port_and_pdu_feed_it_both_are_tried():
    bench = Bench()

    climbed(bench, feeds=("poe", "pdu"))

    assert bench.calls.count("cycle") == 2


@pytest.mark.parametrize("method", ["menu", "keys"])
def test_what_takes_a_person_is_skipped_where_nobody_is(method):
    bench = Bench(cure="person")

    outcome, steps = climbed(bench, factory_reset=method)

    assert isinstance(outcome, GaveUp)
    assert phases(steps)[-1] == ("factory-reset", SKIPPED)
    assert "hil recover" in outcome.next_step

    alone, _ = climbed(Bench(cure="person"), factory_reset=method, person=True)
    assert isinstance(alone, Recovered)


def test_a_person_is_told_what_to_press_and_may_decline():
    bench = Bench(cure="person", wrong={"person": "no"})

    outcome, steps = climbed(bench, factory_reset="keys", person=True)

    assert isinstance(outcome, GaveUp)
    assert any("123456789*0#" in call for call in bench.calls)
    assert steps[-1].reason == "nobody says that it was done"


def test_a_console_resets_where_its_entry_has_the_command():
    assert isinstance(
        climbed(Bench(cure="console reset"), factory_reset="console", console_reset=True)[0],
        Recovered,
    )
    _, steps = climbed(Bench(cure="console reset"), factory_reset="console")
    assert steps[-1].phase is SKIPPED


@pytest.mark.parametrize(
    "hangs", ["sip?", "sip reboot", "booted", "leased", "echo", "resynced", "cycle", "web reset"]
)
def test_no_rung_takes_longer_than_its_budget_whatever_hangs(hangs):
    bench = Bench(wrong={hangs: 1e9})

    outcome, steps = climbed(bench)

    assert isinstance(outcome, GaveUp)
    budgets = {rung.name: rung.budget_s(TIMING) for rung in LADDER}
    assert all(step.took <= budgets[step.rung] + 1 for step in steps)


def test_the_ladder_ends_with_its_total():
    bench = Bench(wrong={"booted": 1e9})

    outcome, steps = climbed(bench, total_s=30.0)

    assert isinstance(outcome, GaveUp)
    assert bench.now <= 33 * NANOSECONDS
    assert phases(steps)[1] == ("sip-reboot", FAILED)
    assert {phase for _, phase in phases(steps)[2:]} == {SKIPPED}
    assert "30 s are over" in steps[-1].reason


@pytest.mark.parametrize(
    "at", ["sip?", "sip reboot", "booted", "resynced", "cycle", "power?", "web reset"]
)
def test_an_interruption_leaves_at_once_and_with_the_power_on(at):
    bench = Bench(cure="sip reboot" if at == "resynced" else "", wrong={at: KeyboardInterrupt()})

    with pytest.raises(KeyboardInterrupt):
        climbed(bench)

    assert bench.calls[-2:] == [at, "on"]
    assert bench.lit


def test_an_interrupted_rung_has_its_event():
    bench, steps = Bench(wrong={"cycle": KeyboardInterrupt()}), []

    with pytest.raises(KeyboardInterrupt):
        climb(LADDER, ways_of(bench), steps.append, timing=TIMING)

    assert phases(steps)[-1] == ("poe", FAILED)
    assert steps[-1].reason == "it was interrupted"


@pytest.mark.parametrize("wrong", ["", LabError("the outlet broke")])
def test_whoever_gives_up_leaves_it_with_power_as_far_as_that_can_be_had(wrong):
    bench = Bench(wrong={"cycle": LabError("off went wrong"), "on": wrong})

    outcome, _ = climbed(bench)

    assert isinstance(outcome, GaveUp)
    assert bench.calls[-1] == "on"
    assert "off went wrong" in outcome.evidence


def test_the_next_step_follows_from_what_was_tried():
    def told(**wrong):
        outcome, _ = climbed(Bench(wrong=wrong.pop("wrong", {})), **wrong)
        assert isinstance(outcome, GaveUp)
        return outcome.next_step

    assert "may be broken" in told()
    assert "by hand" in told(factory_reset="none")
    assert "outlet's device" in told(wrong={"power?": "no answer"})


def test_steps_tell_how_long_the_rung_has_taken():
    _, steps = climbed(Bench(cure="sip reboot"))

    assert [step.took for step in steps] == [1.0, 6.0]


def test_a_ladder_may_begin_at_any_rung():
    assert [rung.name for rung in from_rung("poe")] == ["poe", "pdu", "factory-reset"]
    assert from_rung() == LADDER
    with pytest.raises(UsageError, match="sip-reboot, web-reboot"):
        from_rung("bribery")


def test_a_budget_is_spent_by_time_alone():
    now = [0]
    budget = Budget(lambda: now[0], 10.0)
    part = budget.part(100.0)

    now[0] = 4 * NANOSECONDS
    assert (budget.left, budget.within(100), budget.within(2), part.left) == (6, 6, 2, 6)
    now[0] = 10 * NANOSECONDS
    with pytest.raises(LabError, match="10 s is spent"):
        budget.within(1)


def test_rungs_are_told_apart_by_name_and_go_from_gentle_to_rough():
    names = [rung.name for rung in LADDER]
    assert len(set(names)) == len(names)
    assert all(a.budget_s(TIMING) > 0 and a.name != b.name for a, b in pairwise(LADDER))
    assert names[0] == "sip-reboot"
    assert names[-1] == "factory-reset"
