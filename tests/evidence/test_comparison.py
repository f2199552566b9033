"""Two stored runs are the same, or part at an event that a person can find."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from histories import LAB, Story, booted
from tellings import RECEIVED, SENT, sip, time_asked

from hil.cli import main
from hil.evidence.comparison import Comparison, Difference
from hil.evidence.stored_run import StoredRun, load_run
from hil.history import HistoryFile
from hil.history import events as ev

FOUND = "[resync.periodic] the periodic resync did not begin\n  due:  at {at} s"


def resynced(*, delay: float = 0.0, **parameters: str) -> Story:
    """Two rules, by TFTP and by HTTP, with a registration meanwhile; checked at 40 s."""
    story = booted(Profile_Rule_B=f"http://{LAB}/b", **parameters)
    story.tell(11, time_asked())
    story.tell(12 + delay, sip("REGISTER", RECEIVED, user="101", call="r"))
    story.tell(12.1 + delay, sip("REGISTER", SENT, user="101", call="r", status=200))
    story.fetch(20 + delay)
    story.fetch(20.2 + delay, "/b", scheme="http")
    return checked(story, 40 + delay)


def checked(story: Story, at: float, *, passed: bool = True) -> Story:
    return story.tell(at, ev.Checked(source="test", what="HttpRequest", passed=passed))


def run_of(
    place: Path, story: Story, verdict: str = "PASS", *findings: str, name: str = "run"
) -> StoredRun:
    """The run of one test, as a bench leaves it on disk."""
    story.ended(50)
    said = ev.Verdict(
        source="judge",
        test="test",
        verdict=verdict,
        cause="none" if verdict == "PASS" else "device",
        findings=findings,
    )
    story.tell(50, said)
    with HistoryFile(place / name / "history.jsonl") as file:
        for event in story.events:
            file.write(event)
    return load_run(place / name)


@pytest.fixture
def compare(tmp_path: Path) -> Callable[..., list[Difference]]:
    """Compare a story with `resynced`, both stored."""

    def compared(story: Story, comparison: Comparison | None = None) -> list[Difference]:
        runs = run_of(tmp_path, resynced(), name="a"), run_of(tmp_path, story, name="b")
        there = (comparison or Comparison()).runs(*runs)
        back = (comparison or Comparison()).runs(*reversed(runs))
        assert [each.kind for each in there] == [each.kind for each in back]
        return there

    return compared


def changed(story: Story, kind: type[ev.Event], **fields: object) -> Story:
    """The same story in which every event of a kind has these fields."""
    told = Story()
    told.events = [
        msgspec.structs.replace(event, **fields) if isinstance(event, kind) else event
        for event in story.events
    ]
    return told


def without(story: Story, kind: type[ev.Event], count: int = 1) -> Story:
    """The same story without the first events of a kind."""
    gone = [event for event in story.events if isinstance(event, kind)][:count]
    return retold([event for event in story.events if event not in gone])


def retold(events: list[ev.Event]) -> Story:
    told = Story()
    for event in events:
        told.tell(event.at / 1e9, event)
    return told


# -- the same ----------------------------------------------------------------------------------------


def test_a_run_is_the_same_as_itself(compare: Callable[..., list[Difference]]) -> None:
    assert compare(resynced()) == []


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (ev.DhcpMessage, {"xid": 77, "mac": "00:0e:08:00:00:01"}),
        (ev.SipMessage, {"call_id": "another", "cseq": 500, "data": b"tags"}),
        (ev.TftpRequest, {"peer": "192.0.2.16:41234", "transfer": 1}),
        (ev.HttpRequest, {"peer": "192.0.2.16:51234", "body": b"12:00:01"}),
        (ev.PowerSwitched, {"outlet": "another PDU", "attempts": 2}),
        (ev.Checked, {"seen": "3.1 s after", "margin": "0.1 s to spare"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_chosen_anew_each_time_counts_for_nothing(
    kind: type[ev.Event], fields: dict[str, object], compare: Callable[..., list[Difference]]
) -> None:
    assert compare(changed(resynced(), kind, **fields)) == []


def test_a_transfer_may_have_another_number_and_not_another_end(tmp_path: Path) -> None:
    def story(*, numbered_from: int = 0, swapped: bool = False) -> Story:
        told = booted()
        told._transfers = numbered_from
        first, second = told.request(20), told.request(21, "/b")
        ends = (second, first) if swapped else (first, second)
        told.end(22, ends[0], "not-found", status=1).end(23, ends[1], "not-found", status=1)
        return checked(told, 40)

    here = run_of(tmp_path, story(), name="a")
    later = run_of(tmp_path, story(numbered_from=40), name="b")
    crossed = run_of(tmp_path, story(swapped=True), name="c")
    assert Comparison().runs(here, later) == []
    (difference,) = Comparison().runs(here, crossed)
    assert difference.where == "provisioning, event 3"


def test_what_is_left_of_the_test_before_is_no_part_of_this_one(
    compare: Callable[..., list[Difference]],
) -> None:
    story = resynced()
    left = ev.Disconnected(source="http", connection=9, peer="192.0.2.16:4000", reason="closed")
    events = [story.events[0], msgspec.structs.replace(left, at=0), *story.events[1:]]
    assert compare(retold(events)) == []


def test_what_the_phone_goes_on_to_do_at_the_end_is_no_difference(
    compare: Callable[..., list[Difference]],
) -> None:
    assert compare(resynced().log(40.2, "Successful resync")) == []
    (early,) = compare(
        retold([*resynced().events[:-1], *checked(Story().log(30, "Successful resync"), 40).events])
    )
    assert early.kind == "events"
    assert "Successful resync" in early.second


def test_two_conversations_may_come_either_way_where_they_are_near(
    compare: Callable[..., list[Difference]],
) -> None:
    """The time is asked at 11 s, the line registers at 12 s."""
    events = [e for e in resynced().events if not isinstance(e, ev.NtpQuery)]
    late = retold([*events, *Story().tell(12.5, time_asked()).events])
    late = retold(sorted(late.events, key=lambda event: event.at))
    assert compare(late, Comparison(tolerance_s=2)) == []
    assert [each.kind for each in compare(late, Comparison(0.1, order_only=True))] == ["order"]


# -- different ---------------------------------------------------------------------------------------


def test_a_missing_event_is_told_with_its_place(compare: Callable[..., list[Difference]]) -> None:
    (difference,) = compare(without(resynced(), ev.HttpRequest))
    assert (difference.kind, difference.where) == ("events", "provisioning, event 3")
    assert difference.first.startswith("20.200 s HttpRequest(")
    assert difference.second.startswith("20.300 s TransferEnded(")


def test_a_swapped_order_is_told(compare: Callable[..., list[Difference]]) -> None:
    story = booted(Profile_Rule_B=f"http://{LAB}/b").tell(11, time_asked())
    story.tell(12, sip("REGISTER", RECEIVED, user="101", call="r"))
    story.tell(12.1, sip("REGISTER", SENT, user="101", call="r", status=200))
    story.fetch(20, "/b", scheme="http").fetch(20.2)
    (difference,) = compare(checked(story, 40))
    assert (difference.kind, difference.where) == ("events", "provisioning, event 1")
    assert "TftpRequest" in difference.first
    assert "HttpRequest" in difference.second


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (ev.HttpRequest, {"method": "POST"}),
        (ev.TftpRequest, {"path": "/other.xml"}),
        (ev.SipMessage, {"transport": "TCP"}),
        (ev.TransferEnded, {"outcome": ev.Outcome.ERROR}),
        (ev.Checked, {"passed": False}),
        (ev.DhcpMessage, {"options": {66: b"another"}}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_said_otherwise_is_told(
    kind: type[ev.Event], fields: dict[str, object], compare: Callable[..., list[Difference]]
) -> None:
    (difference,) = compare(changed(resynced(), kind, **fields))
    assert difference.kind == "events"


def test_a_time_that_differs_is_told_unless_order_alone_counts(
    compare: Callable[..., list[Difference]],
) -> None:
    events = [
        msgspec.structs.replace(e, at=e.at + 5_000_000_000) if e.at > 20.15e9 else e
        for e in resynced().events
    ]
    (difference,) = compare(retold(events))
    assert difference.kind == "times"
    assert "5.100 s after the one before" in difference.second
    assert compare(retold(events), Comparison(order_only=True)) == []
    assert compare(retold(events), Comparison(tolerance_s=6)) == []


def test_a_changed_verdict_is_told(tmp_path: Path) -> None:
    passed = run_of(tmp_path, resynced(), name="a")
    failed = run_of(tmp_path, resynced(), "FAIL", FOUND, name="b")
    (difference,) = Comparison().runs(passed, failed)
    assert str(difference) == "test\n  verdict\n    A: PASS\n    B: FAIL (device)"


def test_of_a_finding_its_requirement_and_subject_count_and_not_its_figures(
    tmp_path: Path,
) -> None:
    first = run_of(tmp_path, resynced(), "FAIL", FOUND.format(at=1), name="a")
    again = run_of(tmp_path, resynced(), "FAIL", FOUND.format(at=2), name="b")
    other = run_of(tmp_path, resynced(), "FAIL", FOUND.replace("periodic]", "at]"), name="c")
    assert Comparison().runs(first, again) == []
    assert [each.kind for each in Comparison().runs(first, other)] == ["findings"]


def test_a_test_that_one_run_has_not_is_told(tmp_path: Path) -> None:
    one = run_of(tmp_path, resynced(), name="a")
    two = run_of(tmp_path, changed(resynced(), ev.TestStarted, test="other"), name="b")
    told = [(each.test, each.first, each.second) for each in Comparison().runs(one, two)]
    assert told == [("test", "complete", "not there"), ("other", "not there", "complete")]


# -- the command -------------------------------------------------------------------------------------


def hil(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(main, ["compare", *arguments])
    return answer.exit_code, answer.output


def test_the_command_says_same_or_different_by_its_status(tmp_path: Path) -> None:
    run_of(tmp_path, resynced(), name="a")
    run_of(tmp_path, without(resynced(), ev.HttpRequest), name="b")
    status, told = hil(str(tmp_path / "a"), str(tmp_path / "a" / "history.jsonl"))
    assert (status, told.splitlines()[-1]) == (0, "the same in all 1")
    status, told = hil(str(tmp_path / "a"), str(tmp_path / "b"))
    assert status == 1
    assert "events (provisioning, event 3)" in told
    status, told = hil("--json", str(tmp_path / "a"), str(tmp_path / "b"))
    document = json.loads(told)
    assert (status, document["same"]) == (1, False)
    assert document["differences"][0]["where"] == "provisioning, event 3"


def test_runs_without_a_test_in_common_are_said_to_have_none(tmp_path: Path) -> None:
    run_of(tmp_path, resynced(), name="a")
    run_of(tmp_path, changed(resynced(), ev.TestStarted, test="other"), name="b")
    status, told = hil(str(tmp_path / "a"), str(tmp_path / "b"))
    assert status == 1
    nothing = "no test is in both runs, of 1 in A and 1 in B: nothing was compared"
    assert told.splitlines()[-1] == nothing
    assert "differ" not in told
    document = json.loads(hil("--json", str(tmp_path / "a"), str(tmp_path / "b"))[1])
    assert (document["same"], document["in_common"]) == (False, 0)


def test_what_is_no_run_is_a_usage_error_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    run_of(tmp_path, resynced(), name="a")
    good = str(tmp_path / "a")
    assert hil(good, str(tmp_path / "nowhere"))[0] == 2
    (tmp_path / "empty.jsonl").write_bytes(b"")
    assert hil(good, str(tmp_path / "empty.jsonl"))[0] == 2
    (tmp_path / "damaged.jsonl").write_bytes(b"\x00{}\n")
    assert hil(good, str(tmp_path / "damaged.jsonl"))[0] == 3
