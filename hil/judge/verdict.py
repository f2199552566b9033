"""The verdict of a test, and the one rule that merges what is known into it.

From the strongest to the weakest; the first that applies is the verdict:

1. ERROR (lab): the laboratory failed inside the window of observation. Nothing that was seen can be
   held against the phone then, not even a violation. The phone's link that went away for no reason that
   shows is such a failure (`hil.judge.link_losses`).
2. ERROR (test): the test itself broke, or it raised something that is no finding. A crash in a check
   is never a FAIL.
3. FAIL (device): a clause was broken, seen by a check of the test or by the monitor. ERROR (lab) if the
   two ends of the wire counted frames differently then (`WireDoubt`), or if its link went away as after
   an update: the phone may have done what it had to. Such a doubt changes no other verdict.
4. INCONCLUSIVE (device): the test could not go on.
5. NOT_APPLICABLE (device): the handset's capabilities declare it, and the test saw that confirmed.
6. INCONCLUSIVE (device): the phone was not seen alive to the end; what did not happen then proves
   nothing.
7. ERROR (test): vacuous. The stimulus was not really sent, or no requirement was really checked.
8. PASS. Where the monitor lost sight of the phone on the way, a remark says so.

`merge` also joins verdicts of several tests into that of a run: the worst counts, and an empty run
is an ERROR.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from hil.history import events as ev
from hil.history.events import Cause
from hil.judge.findings import Finding
from hil.judge.monitor import Monitor
from hil.judge.preparation import Preparation
from hil.judge.readings import Reading, acquitting, readings_of, watched_phone
from hil.judge.timing import Timing
from hil.reference.phone import Phone


class Word(StrEnum):
    """The five verdicts."""

    PASS = "PASS"  # noqa: S105
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"
    NOT_APPLICABLE = "NOT_APPLICABLE"


@dataclass(frozen=True)
class Judgement:
    """A verdict with its cause, its findings, what was checked, and remarks that explain it.

    ``readings`` are those that it rests on; under each of ``acquitting``, taken alone, nothing of
    what was found would be a violation.
    """

    word: Word
    cause: Cause
    findings: tuple[Finding, ...] = ()
    checked: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    acquitting: tuple[Reading, ...] = ()

    def __str__(self) -> str:
        head = self.word.value if self.cause is Cause.NONE else f"{self.word.value} ({self.cause})"
        return "\n".join([head, *map(str, self.findings), *self.remarks, *self.about_readings()])

    def about_readings(self) -> list[str]:
        """Lines that say which readings it rests on, and which would have acquitted."""
        lines = []
        if self.readings:
            lines.append(f"rests on {', '.join(map(str, self.readings))}")
        if self.acquitting:
            lines.append(f"would not be a FAIL under {', or '.join(map(str, self.acquitting))}")
        return lines


@dataclass(frozen=True)
class Conduct:
    """How the test itself went, as the harness saw it.

    ``crash`` is the text of an exception that is no finding, ``unmet`` of a precondition that did
    not come, ``not_applicable`` why a test does not apply to this handset. ``readings`` are the
    questions on whose readings the test's own expectations rest.
    """

    requirements: tuple[str, ...]
    crash: str = ""
    unmet: str = ""
    not_applicable: str = ""
    lab_error: str = ""
    readings: tuple[str, ...] = ()


_SIGNS = (ev.PowerSwitched, ev.DhcpMessage, ev.ProvisioningRequest, ev.Alive)
"""What proves that a test reached the handset, unless the handset was only being prepared."""


@dataclass
class _Evidence:
    findings: list[Finding] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)
    lab_faults: list[ev.LabFault] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)
    stimulated: bool = False
    powered: bool = False
    lost: str = ""
    armed: dict[tuple[str, str], str] = field(default_factory=dict)
    link_down_at: list[int] = field(default_factory=list)
    linked: bool = False
    unwatched: list[str] = field(default_factory=list)
    last_alive: ev.Alive | None = None


def judge(events: Sequence[ev.Event], conduct: Conduct, phone: Phone, timing: Timing) -> Judgement:
    """Judge one test from its part of the history; ``phone`` is the handset at its beginning."""
    asked = set(conduct.readings)
    judgement = judge_as_read(events, conduct, watched_phone(phone, asked), timing)
    acquitted: tuple[Reading, ...] = ()
    open_to = asked
    if any(each.source == "test" for each in judgement.findings):
        # Its own check is no matter of how the monitor reads, unless the test rests on the reading.
        open_to = asked.intersection(conduct.readings)
    seen = any(each.source == "monitor" for each in judgement.findings)
    if judgement.word is Word.FAIL and seen and open_to:

        def accused(otherwise: Phone) -> bool:
            again = judge_as_read(events, conduct, otherwise, timing)
            return any(each.source == "monitor" for each in again.findings)

        acquitted = acquitting(phone, open_to, accused)
    return replace(
        judgement, readings=readings_of(phone.interpretations, asked), acquitting=acquitted
    )


def judge_as_read(
    events: Sequence[ev.Event], conduct: Conduct, phone: Phone, timing: Timing
) -> Judgement:
    """Judge one test by the readings of ``phone`` alone, without looking what they decide."""
    evidence = _gather(events, conduct)
    monitor = Monitor(phone, timing)
    seen = monitor.run(events)
    # The monitor knows the clause; a check that names none is told after it, for the test's first.
    evidence.findings = [*seen, *evidence.findings]
    evidence.lost = monitor.lost
    for loss in monitor.link_losses:
        if loss.perhaps:
            evidence.doubts.append(str(loss))
        else:
            evidence.lab_faults.append(ev.LabFault(what=str(loss), at=loss.at))
    for name, count in monitor.checks.items():
        evidence.checked[name] = evidence.checked.get(name, 0) + count
    return _merge_evidence(evidence, conduct)


def _gather(events: Sequence[ev.Event], conduct: Conduct) -> _Evidence:
    evidence, preparation = _Evidence(), Preparation()
    for event in events:
        if preparation.feed(event) and isinstance(event, _SIGNS):
            continue
        match event:
            case ev.Checked():
                _take_check(event, conduct, evidence)
            case ev.LinkChanged():
                evidence.linked = event.up
                if not event.up:
                    evidence.link_down_at.append(event.at)
            case ev.FaultArmed():
                evidence.armed[event.source, event.fault] = event.detail
            case ev.FaultInjected():
                evidence.armed.pop((event.source, event.fault), None)
            case ev.LabFault():
                evidence.lab_faults.append(event)
            case ev.WireDoubt():
                evidence.doubts.append(f"{event.what}: {event.evidence}")
            case ev.WireUncounted():
                evidence.uncounted.append(
                    f"no frames were counted at the phone's port: {event.why}"
                )
            case ev.PowerFailed():
                evidence.lab_faults.append(
                    ev.LabFault(
                        what=f"outlet {event.outlet} did not switch {event.action.value}",
                        evidence=event.reason,
                        at=event.at,
                    )
                )
            case ev.PowerSwitched(action=ev.PowerAction.ON):
                evidence.powered = True
            case ev.Alive():
                evidence.last_alive = event
            case ev.DhcpMessage(direction=ev.Direction.RECEIVED) | ev.ProvisioningRequest():
                evidence.stimulated = True
            case _:
                continue
    return evidence


def _take_check(event: ev.Checked, conduct: Conduct, evidence: _Evidence) -> None:
    names = (event.requirement,) if event.requirement else conduct.requirements
    if event.passed and event.absent_since >= 0 and _unwatched(event, evidence):
        evidence.unwatched.append(event.what)
        return
    if event.passed:
        for name in names:
            evidence.checked[name] = evidence.checked.get(name, 0) + 1
        return
    evidence.findings.append(
        Finding(
            names[0] if names else "(no requirement)",
            event.what,
            event.due,
            event.seen,
            event.margin,
            event.at,
            source="test",
        )
    )


def _unwatched(event: ev.Checked, evidence: _Evidence) -> bool:
    """Whether the phone could not have done it: that it did nothing proves nothing then."""
    return not evidence.linked or any(at >= event.absent_since for at in evidence.link_down_at)


def _merge_evidence(evidence: _Evidence, conduct: Conduct) -> Judgement:
    findings = tuple(evidence.findings)
    checked = tuple(sorted(evidence.checked))

    def say(word: Word, cause: Cause, *remarks: str) -> Judgement:
        return Judgement(word, cause, findings, checked, tuple(r for r in remarks if r))

    if evidence.lab_faults or conduct.lab_error:
        told = [f"{f.what}: {f.evidence}" if f.evidence else f.what for f in evidence.lab_faults]
        return say(Word.ERROR, Cause.LAB, conduct.lab_error, *told)
    if conduct.crash:
        return say(Word.ERROR, Cause.TEST, conduct.crash)
    if findings and evidence.doubts:
        return say(Word.ERROR, Cause.LAB, conduct.unmet, *evidence.doubts)
    if findings:
        return say(Word.FAIL, Cause.DEVICE, conduct.unmet, *evidence.uncounted)
    if conduct.unmet:
        return say(Word.INCONCLUSIVE, Cause.DEVICE, conduct.unmet)
    if conduct.not_applicable:
        return say(Word.NOT_APPLICABLE, Cause.DEVICE, conduct.not_applicable)
    vacuous = "vacuous: the phone did nothing, so no stimulus reached it"
    if not evidence.stimulated and not evidence.powered:
        return say(Word.ERROR, Cause.TEST, vacuous)
    if evidence.last_alive is None or not evidence.last_alive.alive:
        seen = evidence.last_alive.detail if evidence.last_alive else "nobody looked"
        remark = f"the phone was not seen alive to the end: {seen}"
        return say(Word.INCONCLUSIVE, Cause.DEVICE, remark)
    if evidence.unwatched:
        what = "; ".join(evidence.unwatched)
        return say(Word.INCONCLUSIVE, Cause.TEST, f"the phone had no link all the time: {what}")
    if evidence.armed:
        unused = "; ".join(evidence.armed.values())
        return say(Word.ERROR, Cause.TEST, f"vacuous: a fault never came to pass: {unused}")
    if not evidence.stimulated:
        return say(Word.ERROR, Cause.TEST, vacuous)
    missing = [name for name in conduct.requirements if name not in evidence.checked]
    if not conduct.requirements:
        return say(Word.ERROR, Cause.TEST, "vacuous: the test declares no requirement")
    if missing:
        return say(Word.ERROR, Cause.TEST, f"vacuous: {', '.join(missing)} was not really checked")
    return say(Word.PASS, Cause.NONE, evidence.lost, *evidence.doubts)


_SEVERITY = (Word.FAIL, Word.ERROR, Word.INCONCLUSIVE, Word.PASS, Word.NOT_APPLICABLE)


def merge(words: Iterable[Word]) -> Word:
    """The verdict of a run; a run of nothing is an ERROR, and a violation that was seen stays one."""
    seen = set(words)
    return next((word for word in _SEVERITY if word in seen), Word.ERROR)


EXIT_CODES = {
    Word.PASS: 0,
    Word.NOT_APPLICABLE: 0,
    Word.FAIL: 1,
    Word.INCONCLUSIVE: 3,
    Word.ERROR: 3,
}
"""The exit status of `hil certify`; 2 is a usage error."""
