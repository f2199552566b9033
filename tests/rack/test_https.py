"""HTTPS in a rack: under an authority that is kept, on phones that were given it or were not.

`hil rack` and `hil certify` share a wire and two files: the certificate, which the phones hold, and the
inventory. Each test has a rack of its own, with as few phones as can be: time is real.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEST = "test_a_profile_is_applied_from_a_server_with_a_good_certificate"
SHOWS = "test_the_phone_shows_its_certificate_to_a_server_that_asks_for_one"
CHOSEN = ["-k", f"{TEST} or {SHOWS}", "--timers", "quick", "test_transfers_https.py"]
RUN_S = 300.0


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

    def verdict(self, handset: str, test: str = TEST) -> str:
        return str(self.told(handset, test)["verdict"])

    def remark(self, handset: str, test: str = TEST) -> str:
        told = self.told(handset, test)
        assert told["findings"] == []
        (remark,) = told["remarks"]
        return str(remark)

    def notes(self, handset: str) -> list[str]:
        lines = (self.out / handset / "history.jsonl").read_text().splitlines()
        notes = [each for each in map(json.loads, lines) if each["event"] == "Note"]
        return [each["text"] for each in notes if "authority" in each["text"]]


@contextmanager
def racked(hil: Any, directory: Path, handsets: int, *options: object) -> Iterator[Path]:
    """A rack whose phones trust an authority that is made for it; gives its inventory.

    Nothing here is about time, so a busy machine may be late itself.
    """
    inventory = directory / "rack.yaml"
    with hil("testbed", "authority", "--out", directory / "kept") as program:
        assert program.ended(RUN_S) == 0
    kept = ["--authority", directory / "kept", "--inventory", inventory]
    cable = ["--cable", f"r{handsets}"]
    with hil("rack", "--handsets", handsets, *kept, *cable, *options) as program:
        program.expect(f"ready: {handsets} handsets", within=60)
        text = inventory.read_text()
        assert "late: 1.0" in text
        inventory.write_text(text.replace("late: 1.0", "late: 8"))
        yield inventory


@contextmanager
def certifying(hil: Any, inventory: Path, out: Path, *options: object) -> Iterator[Any]:
    results = ["--out", out, "--json", out.with_suffix(".json")]
    with hil("certify", "--testbed", inventory, *results, *options, *CHOSEN) as program:
        yield program


def outcome(out: Path) -> Outcome:
    return Outcome(json.loads(out.with_suffix(".json").read_text())["tests"], out)


def test_phones_are_judged_over_https_unless_they_were_not_given_the_authority(
    hil: Any, tmp_path: Path
) -> None:
    sound, broken, stranger = "a01", "a02", "a03"
    options = ["--client-roots", tmp_path / "manufacturer.pem", "--without-authority", stranger]
    options += ["--defect", f"{broken}=https-unusable"]
    out = tmp_path / "run"
    with (
        racked(hil, tmp_path, 3, *options) as inventory,
        certifying(hil, inventory, out, "--handset", "all", "--each") as program,
    ):
        assert program.ended(RUN_S) == 1, program.output
    told = outcome(out)
    # The reference phone passes, and its own certificate is verified by its manufacturer's root.
    assert told.verdict(sound) == told.verdict(sound, SHOWS) == "PASS"
    assert "CN=000e08cafe01" in (out / sound / "history.jsonl").read_text()
    # A defect of the catalogue fails by its clause.
    assert told.verdict(broken) == "FAIL"
    found = {each["requirement"] for each in told.told(broken)["findings"]}
    assert "transfer.https" in found
    # Whoever was not given the authority is not accused.
    for test in (TEST, SHOWS):
        assert told.verdict(stranger, test) == "NOT_APPLICABLE"
        remark = told.remark(stranger, test)
        assert f"https: {stranger} does not trust hil laboratory authority" in remark
        assert "unknown ca" in remark
    # Each was asked once.
    assert [len(told.notes(each)) for each in (sound, broken, stranger)] == [1, 1, 1]


def test_what_the_inventory_says_decides_what_a_lack_of_trust_is(hil: Any, tmp_path: Path) -> None:
    claimant, other = "a01", "a02"
    with racked(hil, tmp_path, 2, "--without-authority", claimant) as inventory:
        text = inventory.read_text()
        entry = f"  - name: {claimant}\n"
        claimed = tmp_path / "claimed.yaml"
        claimed.write_text(text.replace(entry, f"{entry}    capabilities: {{https: yes}}\n"))
        head, _, tail = text.partition("authority:")
        without = tmp_path / "without.yaml"
        without.write_text(head + tail[tail.index("pdus:") :])
        with (
            certifying(hil, claimed, tmp_path / "one", "--handset", claimant) as one,
            certifying(hil, without, tmp_path / "two", "--handset", other) as two,
        ):
            assert two.ended(RUN_S) == 0, two.output
            assert one.ended(RUN_S) == 3, one.output
        # Power is anybody's who has no authority at hand; a test is not.
        broken = tmp_path / "broken.yaml"
        broken.write_text(text.replace("authority.pem", "gone.pem"))
        with certifying(hil, broken, tmp_path / "three", "--handset", other) as three:
            assert three.ended(RUN_S) == 2, three.output
            assert f"{broken}:11: " in three.output
        with hil("power", "status", other, "--testbed", broken) as status:
            assert status.ended(RUN_S) == 0, status.output
    # Its entry or the phone is wrong, and nobody knows which.
    assert outcome(tmp_path / "one").verdict(claimant) == "INCONCLUSIVE"
    assert "as its entry says" in outcome(tmp_path / "one").remark(claimant)
    assert outcome(tmp_path / "two").verdict(other) == "NOT_APPLICABLE"
    assert "has no authority that a phone could trust" in outcome(tmp_path / "two").remark(other)
