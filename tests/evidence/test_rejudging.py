"""A stored run is judged again from what is on disk, and by nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from histories import IDENTITY, TIMING, Story, booted

from hil.cli import main
from hil.history import HistoryFile
from hil.history import events as ev
from hil.reference.identity import Identity

THROUGH = ev.Conducted(test="test")


def store(place: Path, *events: ev.Event, ended: bool = True) -> str:
    story = Story()
    for event in events:
        story.tell(event.at / 1e9 if event.at >= 0 else 60, event)
    with HistoryFile(place / "history.jsonl") as file:
        for event in story.events:
            file.write(event)
        if ended:
            file.seal(at=story.events[-1].at, seq=len(story.events))
    return str(place)


def started(identity: Identity = IDENTITY, **fields: object) -> ev.RunStarted:
    told = {"version": "0", "testbed": "t", "clock": "virtual", "wall_ns": 0, "timing": {}}
    return ev.RunStarted(at=0, **told | {"identity": asdict(identity)} | fields)


def resynced() -> list[ev.Event]:
    story = Story().started("resync.on_reset")
    for event in booted().fetch(10, Resync_Periodic="0").ended(60).events[1:]:
        story.tell(event.at / 1e9, event)
    return [*story.events, THROUGH]


def judge(*arguments: str) -> tuple[int, dict[str, object]]:
    answer = CliRunner().invoke(main, ["judge", "--json", *arguments])
    (test,) = json.loads(answer.output)["tests"]
    return answer.exit_code, test


@pytest.mark.parametrize(
    ("went", "status", "verdict", "cause"),
    [
        ({}, 0, "PASS", "none"),
        ({"unmet": "no lease"}, 3, "INCONCLUSIVE", "device"),
        ({"crash": "the test itself failed"}, 3, "ERROR", "test"),
        ({"lab_error": "the PDU does not answer"}, 3, "ERROR", "lab"),
        ({"not_applicable": "it has no screen"}, 0, "NOT_APPLICABLE", "device"),
    ],
    ids=["through", "unmet", "crash", "lab", "not-applicable"],
)
def test_how_the_test_went_is_part_of_the_history(
    went: dict[str, str], status: int, verdict: str, cause: str, tmp_path: Path
) -> None:
    place = store(tmp_path, started(), *resynced()[:-1], ev.Conducted(test="test", **went))
    code, test = judge(place)
    assert (code, test["verdict"], test["cause"]) == (status, verdict, cause)


def test_what_the_run_says_of_its_handset_decides(tmp_path: Path) -> None:
    """A phone of another name asks for another file, and the same request breaks a rule."""
    other = Identity(IDENTITY.mac, psn="8832-3PCC")
    assert judge(store(tmp_path / "as-it-is", started(), *resynced()))[0] == 0
    code, test = judge(store(tmp_path / "other", started(other), *resynced()))
    assert (code, test["verdict"]) == (1, "FAIL")


def test_its_timing_decides_as_well(tmp_path: Path) -> None:
    late = booted(Resync_Random_Delay="5").fetch(15.5, Resync_Periodic="0").ended(60).events
    named = Story().started("resync.random_delay").events
    for number, (allowed, status) in enumerate(((0.1, 1), (2.0, 0))):
        run = started(timing=asdict(TIMING) | {"late": allowed})
        assert judge(store(tmp_path / str(number), run, *named, *late[1:], THROUGH))[0] == status


def test_a_verdict_that_has_changed_is_told(tmp_path: Path) -> None:
    then = ev.Verdict(test="test", verdict="FAIL", cause="device")
    place = store(tmp_path, started(), *resynced(), then)
    assert judge(place)[1]["changed"] is True
    told = CliRunner().invoke(main, ["judge", place])
    assert "(then: FAIL)" in told.output


def test_a_test_that_was_broken_off_is_an_error(tmp_path: Path) -> None:
    code, test = judge(store(tmp_path, started(), *resynced()[:-2]))
    assert (code, test["verdict"]) == (3, "ERROR")


def test_a_test_of_which_nobody_knows_how_it_went_is_an_error(tmp_path: Path) -> None:
    code, test = judge(store(tmp_path, started(), *resynced()[:-1]))
    assert (code, test["verdict"]) == (3, "ERROR")


def test_a_run_that_did_not_come_to_its_end_does_not_pass(tmp_path: Path) -> None:
    place = store(tmp_path, started(), *resynced(), ended=False)
    code, test = judge(place)
    assert (code, test["verdict"]) == (3, "PASS")
    assert "tests may be missing" in CliRunner().invoke(main, ["judge", place]).output


def test_a_run_with_a_torn_last_line_does_not_pass(tmp_path: Path) -> None:
    place = store(tmp_path, started(), *resynced())
    with (tmp_path / "history.jsonl").open("ab") as file:
        file.write(b'{"event":"Conduc')
    assert judge(place)[0] == 3


def test_a_lab_that_broke_between_tests_keeps_a_run_from_passing(tmp_path: Path) -> None:
    fault = ev.LabFault(source="dhcp", what="a second DHCP server spoke")
    place = store(tmp_path, started(), *resynced(), fault)
    code, test = judge(place)
    assert (code, test["verdict"]) == (3, "PASS")
    assert "a second DHCP server spoke" in CliRunner().invoke(main, ["judge", place]).output


def test_a_violation_stays_one_whatever_is_missing(tmp_path: Path) -> None:
    other = Identity(IDENTITY.mac, psn="8832-3PCC")
    assert judge(store(tmp_path, started(other), *resynced(), ended=False))[0] == 1


def test_a_requirement_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    named = [msgspec.structs.replace(resynced()[0], requirements=("no.such",)), *resynced()[1:]]
    code, test = judge(store(tmp_path, started(), *named))
    assert (code, test["verdict"]) == (3, "ERROR")


def test_a_run_that_was_altered_after_its_end_is_refused(tmp_path: Path) -> None:
    place = store(tmp_path, started(), *resynced())
    file = tmp_path / "history.jsonl"
    whole = file.read_bytes()
    altered = whole.replace(b"tftp", b"ftpt", 1)
    assert altered != whole
    file.write_bytes(altered)
    answer = CliRunner().invoke(main, ["judge", place])
    assert answer.exit_code == 3
    assert "altered" in str(answer.exception) + answer.output


def test_what_cannot_be_judged_is_refused(tmp_path: Path) -> None:
    def status(*arguments: str) -> int:
        return CliRunner().invoke(main, ["judge", *arguments]).exit_code

    assert status(str(tmp_path)) == 2
    assert status(store(tmp_path / "a", started(), *resynced()), "-k", "another") == 2
    nobody = started(identity=IDENTITY)
    strange = ev.RunStarted(**{**asdict_of(nobody), "identity": {"mac": "no address"}})
    assert status(store(tmp_path / "b", strange, *resynced())) == 3
    unknown = started(interpretations={"nothing": "such"})
    assert status(store(tmp_path / "c", unknown, *resynced())) == 3


def test_of_a_run_on_several_handsets_the_history_of_each_is_named(tmp_path: Path) -> None:
    for name in ("v1", "v2"):
        store(tmp_path / name, started(), *resynced())
    (tmp_path / "captures").mkdir()
    refused = CliRunner().invoke(main, ["judge", str(tmp_path)])
    assert isinstance(refused.exception, SystemExit)
    assert refused.exit_code == 2
    assert f"has one for each: {tmp_path / 'v1'}, {tmp_path / 'v2'})" in refused.output
    assert "captures" not in refused.output
    assert judge(str(tmp_path / "v2"))[0] == 0


def test_of_a_run_on_many_handsets_a_few_are_named(tmp_path: Path) -> None:
    for number in range(48):
        store(tmp_path / f"v{number:02}", started())
    said = CliRunner().invoke(main, ["judge", str(tmp_path)]).output
    assert f"{tmp_path / 'v05'}, 42 more)" in said
    assert "v06" not in said


def asdict_of(event: ev.RunStarted) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


def test_a_history_that_tells_nothing_of_its_handset_is_judged_by_a_testbed(
    tmp_path: Path,
) -> None:
    assert judge(store(tmp_path, *resynced()))[0] == 0
