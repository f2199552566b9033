"""A phone that is within an open question's readings passes, though it is not the reference."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest
from click.testing import CliRunner

from hil.cli import main
from hil.suite_location import suite_root
from hil.virtual import defects
from hil.virtual.defect import Defect, sip_config

OTHER = Defect(
    "registers-with-both-servers",
    "sip.backup",
    "registers with both servers of Dual_Registration at once, which is in order",
    sip_config(both_at_once=True),
)


@pytest.mark.parametrize(
    "module",
    [
        "test_sip_backup.py",
        "test_sip_registration.py",
        "test_sip_register_retry.py",
        "test_error_x00.py",
        "test_error_x20.py",
    ],
)
def test_a_phone_that_registers_with_both_servers_passes(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {**defects.DEFECTS, OTHER.name: OTHER}
    monkeypatch.setattr(defects, "DEFECTS", MappingProxyType(known))
    arguments = ["certify", "--defect", OTHER.name, "-k", module.removesuffix(".py")]
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 0, outcome.output


def test_the_narrower_reading_finds_that_phone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Which shows besides that the phone above does what is said of it."""
    known = {**defects.DEFECTS, OTHER.name: OTHER}
    monkeypatch.setattr(defects, "DEFECTS", MappingProxyType(known))
    text = (suite_root() / "testbeds" / "virtual.yaml").read_text()
    chosen = "    interpretations: {dual_registration: fail-over}\n    seed: 1 "
    (tmp_path / "narrow.yaml").write_text(text.replace("    seed: 1 ", chosen, 1))
    testbed = ["--testbed", str(tmp_path / "narrow.yaml")]
    arguments = ["certify", "--defect", OTHER.name, *testbed, "-k", "test_sip_backup"]
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 1
    assert "[sip.backup] line 1: the backup proxy was asked although nothing leads there" in (
        outcome.output
    )
