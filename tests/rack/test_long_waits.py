"""Racked phones whose page nobody reaches: whoever certifies them is told what that waits for.

A firewall between the cable and the bench's interface drops TCP to port 80. Time is real, so the runs
are at the same time, and ended as soon as they have said it; by then nothing is proven of the phones.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from programs import needed

from hil.net.namespace import Namespace

DROPS = """
table netdev firewall {
  chain to_phones {
    type filter hook egress device hilrack priority 0;
    tcp dport 80 drop
  }
}
"""
PAGE = re.compile(r"^(a0\d): waiting for its web page at [\d.]+:80 until \d\d:\d\d:\d\d$", re.M)
TOLD_S = 25.0
"""The wire is searched, a phone boots, and eight seconds from its power-on it has said so."""
END_S = 30.0


@pytest.fixture(scope="module")
def rack(hil: Any, machine: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    nft = needed("nft", "nftables")
    inventory = tmp_path_factory.mktemp("rack") / "rack.yaml"
    with hil("rack", "--handsets", 3, "--inventory", inventory) as program:
        program.expect("ready: 3 handsets")
        with machine.entered():
            subprocess.run([nft, "-f", "-"], input=DROPS.encode(), check=True, timeout=10)
        yield inventory


@pytest.mark.peer("nft")
def test_who_waits_for_a_page_is_told_so(hil: Any, rack: Path) -> None:
    options = ["--testbed", rack, "--quick", "--json", "-", "test_resync_on_reset.py"]
    several = ["--each", "--handset", "a02", "--handset", "a03"]
    with (
        hil("certify", *options, "--handset", "a01") as on_one,
        hil("certify", *options, *several) as on_several,
    ):
        for program, handsets in ((on_one, 1), (on_several, 2)):
            program.expect("waiting for its web page", count=handsets, within=TOLD_S)
        for program in (on_one, on_several):
            program.press(signal.SIGINT)
        for program, names in ((on_one, ["a01"]), (on_several, ["a02", "a03"])):
            program.ended(END_S)
            assert sorted(PAGE.findall(program.output)) == names, program.output
            what_is_for_a_person_is_not_in_the_document(program.output)


def what_is_for_a_person_is_not_in_the_document(said: str) -> None:
    document = json.loads(said[said.index("\n{") : said.rindex("}") + 1])
    assert document["run"]["concluded"] == 0
    assert "waiting" not in json.dumps(document)
