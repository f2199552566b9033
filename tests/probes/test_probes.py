"""Each experiment, on a virtual phone that follows each reading, names that reading.

A phone's reading is its firmware's, and the bench is told nothing of it: the inventory says the
defaults. What a phone with a defect does is no reading, or it is one that explains it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hil.history import events as ev
from hil.net.namespace import enter
from hil.probes import engine
from hil.probes.catalogue import PROBES, WITHOUT_PROBE
from hil.probes.engine import LONGEST_WALL_S, candidates_of, probe, probe_each
from hil.probes.probe import Answer, Probe, Result
from hil.probes.strict import STRICT
from hil.reference.interpretations import CATALOGUE, DEFAULT, WITHOUT_EFFECT
from hil.suite_location import suite_root
from hil.testbed.inventory import load
from hil.testbed.virtual_bench import VirtualBench, virtual_bench
from hil.virtual.defects import firmware_with
from hil.virtual.firmware import Firmware

enter()

WEEKS = frozenset({"resync_at_rounding"})
"""Experiments that take weeks of lab time, so seconds of ours."""


def phone_of(firmware: Firmware) -> VirtualBench:
    inventory = load(Path(suite_root() / "testbeds" / "virtual.yaml"))
    return virtual_bench(inventory, inventory.handset(), firmware=firmware)


@pytest.fixture(scope="module")
def asked() -> Iterator[Callable[[str, Firmware], Answer]]:
    """Ask a phone with this firmware one question, all on one bench."""
    bench = phone_of(Firmware())

    def ask(question: str, firmware: Firmware, still_open: Sequence[str] = ()) -> Answer:
        bench.site.install(firmware)
        return probe(bench, PROBES[question], DEFAULT, still_open)

    yield ask
    bench.close()


def cases(weeks: bool) -> list[tuple[str, str]]:
    return [
        (question, reading)
        for question in PROBES
        for reading in candidates_of(question)
        if (question in WEEKS) is weeks
    ]


def check(asked: Callable[[str, Firmware], Answer], question: str, reading: str) -> None:
    firmware = replace(Firmware(), interpretations=DEFAULT.choose(**{question: reading}))
    answer = asked(question, firmware)
    assert answer.result is Result.FOUND, (answer, answer.against)
    # The virtual phone does nothing that only a tolerance explains, but for its refusals of NOTIFYs.
    tolerated = STRICT.get(question, {}).get(reading, ())
    assert answer.reading == reading or answer.reading in tolerated


@pytest.mark.parametrize(("question", "reading"), cases(weeks=False))
def test_the_reading_that_a_phone_follows_is_named(asked, question: str, reading: str) -> None:
    check(asked, question, reading)


@pytest.mark.soak
@pytest.mark.parametrize(("question", "reading"), cases(weeks=True))
def test_what_takes_weeks_is_named_too(asked, question: str, reading: str) -> None:
    check(asked, question, reading)


def test_every_question_has_an_experiment_or_a_reason() -> None:
    assert {*PROBES, *WITHOUT_PROBE} == {entry.name for entry in CATALOGUE}
    assert {*WITHOUT_PROBE} == WITHOUT_EFFECT


def test_a_tolerance_and_what_it_contains_are_readings() -> None:
    for question, tolerances in STRICT.items():
        for tolerance, strict in tolerances.items():
            assert {tolerance, *strict} <= {*candidates_of(question)}


@pytest.mark.parametrize(
    ("defect", "question", "result"),
    [
        ("retry-never", "list_exhaustion", Result.NONE_FITS),
        ("retry-every-minute", "list_exhaustion", Result.NONE_FITS),
        ("unknown-macro-empty", "scheme_case", Result.FOUND),
        ("macros-unknown-in-messages", "scheme_case", Result.NONE_FITS),
        ("macros-unknown-in-messages", "substring_out_of_range", Result.NONE_FITS),
        ("gzip-unknown", "kdf_digest", Result.FOUND),
        ("retry-list-cycled", "fnf_accepted", Result.FOUND),
        ("resync-at-not-from-profile", "resync_at_2400", Result.INCONCLUSIVE),
        ("resync-at-standard-time", "dhcp_offset_daylight", Result.NONE_FITS),
        ("register-never-authenticates", "check_sync", Result.INCONCLUSIVE),
    ],
)
def test_a_defect_leads_to_no_wrong_answer(
    asked, defect: str, question: str, result: Result
) -> None:
    answer = asked(question, firmware_with([defect]))
    assert answer.result is result, (answer, answer.against)
    if result is Result.FOUND:
        assert answer.reading == str(getattr(DEFAULT, question))
    else:
        assert answer.reading is None
    if result is Result.NONE_FITS:
        assert {*answer.against} == {*candidates_of(question)}


def test_a_defect_that_is_a_reading_is_that_reading(asked) -> None:
    assert asked("list_exhaustion", firmware_with(["retry-list-cycled"])).reading == "cycle"


def test_a_precondition_that_does_not_come_is_no_answer() -> None:
    bench = phone_of(Firmware())
    try:
        bench.dhcp.offer()
        never = Probe("psn", lambda scene: scene.leased(scene.history.mark()))
        answer = probe(bench, never, DEFAULT)
    finally:
        bench.close()
    assert answer.result is Result.INCONCLUSIVE
    assert answer.reading is None
    assert "awaited" in answer.remark


def test_a_fault_of_the_lab_is_no_answer() -> None:
    def faulty(scene) -> None:
        PROBES["psn"].play(scene)
        scene.history.append(ev.LabFault(source="net", what="a frame was lost"))

    bench = phone_of(Firmware())
    try:
        answer = probe(bench, Probe("psn", faulty), DEFAULT)
    finally:
        bench.close()
    assert (answer.result, answer.reading) == (Result.LAB, None)
    assert answer.remark == "a frame was lost"


def test_an_answer_counts_for_the_experiments_that_follow() -> None:
    """$PSN is asked first; a default rule that names V03.xml is no riddle to what comes then."""
    bench = phone_of(replace(Firmware(), interpretations=DEFAULT.choose(psn="V03")))
    try:
        first, second = probe_each(bench, ["dhcp_server_name", "psn"])
    finally:
        bench.close()
    assert (first.question, first.reading) == ("psn", "V03")
    assert (second.question, second.reading) == ("dhcp_server_name", "any-form")


def test_what_a_question_without_an_answer_may_explain_is_not_held_against_the_phone(asked) -> None:
    """The laboratory failed while $PSN was asked for; that V03.xml is asked for is a riddle then."""
    firmware = replace(Firmware(), interpretations=DEFAULT.choose(psn="V03"))
    assert asked("forced_resync_delay", firmware).result is Result.NONE_FITS
    answer = asked("forced_resync_delay", firmware, ["kdf_digest", "psn"])
    assert (answer.result, answer.reading) == (Result.UNDETERMINED, None)
    default = DEFAULT.forced_resync_delay
    assert default in answer.left
    assert "psn has no answer; if the phone reads it as V03, " in answer.remark


def test_nor_does_it_give_a_wrong_answer_to_another(asked) -> None:
    firmware = replace(Firmware(), interpretations=DEFAULT.choose(kdf_digest="md5"))
    assert asked("redirect_options", firmware).reading == "dropped"
    answer = asked("redirect_options", firmware, ["kdf_digest"])
    assert answer.result is Result.UNDETERMINED
    assert DEFAULT.redirect_options in answer.left


def test_a_question_without_an_answer_that_has_no_part_in_it_changes_nothing(asked) -> None:
    sound = asked("forced_resync_delay", Firmware())
    answer = asked("forced_resync_delay", Firmware(), ["psn", "kdf_digest"])
    assert (answer.result, answer.reading, answer.remark) == (Result.FOUND, sound.reading, "")


def test_a_run_knows_which_of_its_questions_have_no_answer(monkeypatch) -> None:
    def fails(scene) -> None:
        scene.history.append(ev.LabFault(source="net", what="a frame was lost"))

    monkeypatch.setattr(engine, "PROBES", {**PROBES, "psn": Probe("psn", fails)})
    bench = phone_of(replace(Firmware(), interpretations=DEFAULT.choose(psn="V03")))
    try:
        first, second = probe_each(bench, ["forced_resync_delay", "psn"])
    finally:
        bench.close()
    assert (first.question, first.result) == ("psn", Result.LAB)
    assert second.result is Result.UNDETERMINED
    assert second.remark.startswith("psn has no answer")


def test_what_takes_hours_is_left_out_where_time_passes_by_itself() -> None:
    bench = phone_of(Firmware())
    try:
        (answer,) = probe_each(bench, ["resync_at_rounding"], LONGEST_WALL_S)
    finally:
        bench.close()
    assert answer.result is Result.UNDETERMINED
    assert answer.left == candidates_of("resync_at_rounding")
    assert answer.remark == "needs 1800.0 h, where 20 min are the limit"
