"""A testbed may choose any reading, and the suite stays right for a phone that follows it.

Every test passes then, or is NOT_APPLICABLE because it expects another reading and says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from hil.cli import main
from hil.reference.interpretations import CATALOGUE, WITHOUT_EFFECT
from hil.suite_location import suite_root

OTHERS = [
    (entry.name, str(candidate))
    for entry in CATALOGUE
    for candidate in entry.candidates
    if candidate != entry.default and entry.name not in WITHOUT_EFFECT | {"psn"}
]
"""$PSN apart: many tests have the file that the phone asks for by default, and name it."""

UNASKED = {
    "notify_challenge": ("test_sip_notify.py", "test_resync_from_sip.py"),
    "notify_refusal": ("test_sip_notify.py", "test_resync_from_sip.py"),
    "check_sync": ("test_sip_notify.py", "test_resync_from_sip.py"),
    "dual_registration": ("test_sip_backup.py",),
}
"""Modules about questions that the monitor need not ask, since tests look at the answer themselves."""


def verdicts(place: Path, name: str, reading: str, *modules: str) -> dict[str, str]:
    """Certify a phone that follows a reading and is held to it; the verdicts that are no PASS."""
    text = (suite_root() / "testbeds" / "virtual.yaml").read_text()
    chosen = f'{{{name}: "{reading}"}}'
    both = f"    follows: {chosen}\n    interpretations: {chosen}\n    seed: 1 "
    (place / "chosen.yaml").write_text(text.replace("    seed: 1 ", both, 1))
    files = ["--testbed", str(place / "chosen.yaml"), "--json", str(place / "results.json")]
    outcome = CliRunner().invoke(main, ["certify", *modules, *files])
    assert outcome.exit_code in (0, 1, 3), outcome.output
    document = json.loads((place / "results.json").read_text())
    assert document["run"]["troubles"] == []
    assert document["run"]["baselines"] == []
    return {t["id"]: t["verdict"] for t in document["tests"] if t["verdict"] != "PASS"}


def assert_right(told: Mapping[str, str]) -> None:
    assert set(told.values()) <= {"NOT_APPLICABLE"}, told


@pytest.mark.parametrize(
    ("name", "reading", "module"),
    [
        ("list_exhaustion", "cycle", "test_resync_periodic.py"),
        ("resync_after_update", "performed", "test_parameter_update.py"),
        ("kdf_digest", "md5", "test_profile_encryption.py"),
        ("psn", "V03", "test_profile_rules.py"),
        ("redirect_limit", "1", "test_redirects.py"),
    ],
)
def test_a_phone_with_another_reading_is_certified(
    tmp_path: Path, name: str, reading: str, module: str
) -> None:
    assert_right(verdicts(tmp_path, name, reading, module))


@pytest.fixture(scope="session")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, set[str]]:
    """By question, the modules with a verdict that rests on it."""
    file = tmp_path_factory.mktemp("all") / "results.json"
    assert CliRunner().invoke(main, ["certify", "--json", str(file)]).exit_code == 0
    modules = {name: set(known) for name, known in UNASKED.items()}
    for test in json.loads(file.read_text())["tests"]:
        for each in test["interpretations"]:
            module = Path(test["id"].partition("::")[0]).name
            modules.setdefault(each["name"], set()).add(module)
    return modules


@pytest.mark.soak
@pytest.mark.parametrize(("name", "reading"), OTHERS)
def test_a_phone_with_any_reading_is_certified(
    tmp_path: Path, resting: Mapping[str, set[str]], name: str, reading: str
) -> None:
    modules = sorted(resting.get(name, ()))
    if not modules:
        pytest.skip(f"no verdict of the suite rests on {name}")
    assert_right(verdicts(tmp_path, name, reading, *modules))
