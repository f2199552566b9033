"""hil testbed authority: what it makes an inventory takes, and it takes nothing away."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from hil.commands.testbed import command
from hil.errors import UsageError
from hil.testbed.inventory import load

RACK = """\
name: lab
kind: rack
network: {interface: eth1}
pdus:
  - {name: sw1, driver: poe, host: 198.51.100.10}
handsets:
  - {name: a, mac: 00:0e:08:aa:bb:cc, serial: A1, power: {pdu: sw1, outlet: 1}}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, ["authority", *map(str, arguments)])


def refused(*arguments: object) -> UsageError:
    error = run(*arguments).exception
    assert isinstance(error, UsageError)
    return error


def test_what_it_says_of_the_inventory_is_right(tmp_path: Path) -> None:
    told = run("--out", tmp_path / "new" / "lab").output
    (line,) = (each for each in told.splitlines() if each.startswith("  authority:"))
    assert yaml.safe_load(line)["authority"]["key"] == {
        "file": str(tmp_path / "new" / "lab" / "authority.key")
    }
    (tmp_path / "rack.yaml").write_text(f"{RACK}{line.strip()}\n")
    kept = load(tmp_path / "rack.yaml").kept_authority
    assert kept is not None
    assert str(kept.about()) in told
    assert kept.about().sha256 in told
    assert "<Custom_CA_Rule>http://SERVER/authority.pem</Custom_CA_Rule>" in told


def test_the_key_is_its_makers_alone_whatever_the_umask(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        assert run("--out", tmp_path).exit_code == 0
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "authority.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "authority.pem").stat().st_mode) == 0o644


def test_as_json_it_tells_files_name_end_and_fingerprint(tmp_path: Path) -> None:
    told = json.loads(run("--out", tmp_path, "--years", 2, "--json").output)
    assert Path(told["certificate"]) == tmp_path / "authority.pem"
    assert Path(told["key"]) == tmp_path / "authority.key"
    assert set(told) == {"certificate", "key", "name", "until", "sha256"}
    assert "PRIVATE" not in str(told)


@pytest.mark.parametrize("there", ["authority.pem", "authority.key"])
def test_it_never_writes_over_a_file_and_leaves_no_half(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("somebody's")
    error = refused("--out", tmp_path)
    assert error.file == str(tmp_path / there)
    assert "an authority already" in error.problem
    assert [each.name for each in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "somebody's"


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written: File exists" in str(refused("--out", tmp_path / "file"))
    assert "cannot be written" in str(refused("--out", tmp_path / "file" / "lab"))
    assert run("--out", tmp_path, "--years", 0).exit_code == 2
