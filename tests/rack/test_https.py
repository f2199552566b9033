"""HTTPS in a rack: under an authority that is kept, on phones that were given it or were not.

`hil rack` and `hil certify` share a wire and two files: the certificate, which the phones hold, and the
inventory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SOUND, BROKEN, STRANGER, CLAIMANT, OTHER = "a01", "a02", "a03", "a04", "a05"
TEST = "test_a_profile_is_applied_from_a_server_with_a_good_certificate"
SHOWS = "test_the_phone_shows_its_certificate_to_a_server_that_asks_for_one"
CHOSEN = ["-k", f"{TEST} or {SHOWS}", "--timers", "quick", "test_transfers_https.py"]
RUN_S = 150.0


@dataclass(frozen=True)
class Outcome:
    """What is told of each test of each handset, and where the evidence is."""

    tests: list[dict[str, Any]]
    out: Path

    def told(self, handset: str, test: str = TEST) -> dict[str, Any]:
        ours = [each for each in self.tests if each["id"].endswith(f"::{test}")]
        # A run on one handset does not repeat its name.
        (found,) = (each for each in ours if each.get("handset", handset) == handset)
        return found


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def inventory(hil: Any, directory: Path) -> Iterator[Path]:
    """A rack with an authority; one phone was not given it, and of another it is only said."""
    written = directory / "rack.yaml"
    with hil("testbed", "authority", "--out", directory / "kept") as program:
        assert program.ended() == 0
    options = ["--handsets", 5, "--authority", directory / "kept", "--inventory", written]
    options += ["--client-roots", directory / "manufacturer.pem"]
    options += ["--defect", f"{BROKEN}=https-unusable"]
    options += ["--without-authority", STRANGER, "--without-authority", CLAIMANT]
    with hil("rack", *options) as program:
        program.expect("ready: 5 handsets")
        text = written.read_text()
        entry = f"  - name: {CLAIMANT}\n"
        assert entry in text
        written.write_text(text.replace(entry, f"{entry}    capabilities: {{https: yes}}\n"))
        yield written


@pytest.fixture(scope="module")
def without(inventory: Path) -> Path:
    """The inventory of somebody who has no authority."""
    head, _, tail = inventory.read_text().partition("authority:")
    written = inventory.with_name("without.yaml")
    written.write_text(head + tail[tail.index("pdus:") :].replace("{https: yes}", "{}"))
    return written


@pytest.fixture(scope="module")
def outcomes(
    hil: Any, inventory: Path, without: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Outcome, Outcome]:
    """Two runs at the same time: with the authority, and on a phone of its own without one."""
    out = [tmp_path_factory.mktemp(name) for name in ("with", "without")]
    results = [each / "results.json" for each in out]
    four = [part for name in (SOUND, BROKEN, STRANGER, CLAIMANT) for part in ("--handset", name)]
    first = ["--testbed", inventory, *four, "--each", "--out", out[0], "--json", results[0]]
    second = ["--testbed", without, "--handset", OTHER, "--out", out[1], "--json", results[1]]
    with hil("certify", *first, *CHOSEN) as one, hil("certify", *second, *CHOSEN) as other:
        assert other.ended(RUN_S) == 0, other.output
        assert one.ended(RUN_S) == 1, one.output
    made = [
        Outcome(json.loads(told.read_text())["tests"], kept)
        for told, kept in zip(results, out, strict=True)
    ]
    return made[0], made[1]


@pytest.fixture(scope="module")
def outcome(outcomes: tuple[Outcome, Outcome]) -> Outcome:
    return outcomes[0]


def test_the_reference_phone_passes(outcome: Outcome) -> None:
    assert outcome.told(SOUND)["verdict"] == "PASS"


def test_its_certificate_is_verified_by_its_manufacturers_root(outcome: Outcome) -> None:
    assert outcome.told(SOUND, SHOWS)["verdict"] == "PASS"
    history = (outcome.out / SOUND / "history.jsonl").read_text()
    assert "CN=000e08cafe01" in history


def test_a_defective_phone_fails_by_the_clause(outcome: Outcome) -> None:
    told = outcome.told(BROKEN)
    assert told["verdict"] == "FAIL"
    assert "transfer.https" in {each["requirement"] for each in told["findings"]}


def test_a_phone_that_was_not_given_the_authority_is_not_accused(outcome: Outcome) -> None:
    for test in (TEST, SHOWS):
        told = outcome.told(STRANGER, test)
        assert (told["verdict"], told["findings"]) == ("NOT_APPLICABLE", [])
        (remark,) = told["remarks"]
        assert f"https: {STRANGER} does not trust hil laboratory authority" in remark
        assert "unknown ca" in remark


def test_nor_is_one_of_which_it_is_wrongly_said(outcome: Outcome) -> None:
    told = outcome.told(CLAIMANT)
    assert (told["verdict"], told["findings"]) == ("INCONCLUSIVE", [])
    assert "as its entry says" in told["remarks"][0]


def test_each_phone_is_asked_once_a_run(outcome: Outcome) -> None:
    for handset in (SOUND, STRANGER):
        lines = (outcome.out / handset / "history.jsonl").read_text().splitlines()
        notes = [each for each in map(json.loads, lines) if each["event"] == "Note"]
        (text,) = (each["text"] for each in notes if "authority" in each["text"])
        assert text.startswith(handset)


def test_without_an_authority_nothing_of_it_applies(outcomes: tuple[Outcome, Outcome]) -> None:
    told = outcomes[1].told(OTHER)
    assert told["verdict"] == "NOT_APPLICABLE"
    assert "the rack has no authority that a phone could trust" in told["remarks"][0]


def test_an_authority_that_cannot_sign_stops_a_run_and_no_power_command(
    hil: Any, inventory: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "rack.yaml"
    broken.write_text(inventory.read_text().replace("authority.pem", "gone.pem"))
    with hil("certify", "--testbed", broken, "--handset", SOUND, *CHOSEN) as run:
        assert run.ended() == 2, run.output
        assert f"{broken}:11: " in run.output
    with hil("power", "status", SOUND, "--testbed", broken) as status:
        assert status.ended() == 0, status.output
