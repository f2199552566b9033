"""A finding is written as a test that anybody can run: it fails on that phone, and on no good one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hil.endpoints import faults as fl
from hil.endpoints.sip_settings import Shown
from hil.explore.player import play
from hil.explore.scenario import LAB, Call, Codes, Fixture, Profile, Scenario, Utc
from hil.explore.search import Found
from hil.explore.writing import file_name, module_text
from hil.wire.sip_digest import Algorithm

SLEEP = Call("history", "sleep", (90,))
MISSING = Scenario(
    (Call("dhcp", "offer", (), (("option_66", LAB),)),),
    (("Resync_Error_Retry_Delay", "30"),),
    (SLEEP,),
)


def text_for(bench, scenario: Scenario, again: int = Found.AGAIN) -> str:
    played = play(bench, scenario)
    (requirement,) = {each.requirement for each in played.findings}
    found = Found(requirement, played, played, again, "17/3")
    return module_text(found, command="hil explore --seed 17")


def run(module: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "hil.pytest_plugin",
        module.name,
        "-c",
        os.devnull,
    ]
    return subprocess.run(
        [*command, f"--rootdir={module.parent}", "-p", "no:cacheprovider", *options],
        cwd=module.parent,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_file_fails_on_the_phone_and_passes_on_one_that_keeps_the_clause(
    defective, tmp_path: Path
) -> None:
    module = tmp_path / file_name("resync.error_retry_delay")
    module.write_text(text_for(defective, MISSING), encoding="utf-8")
    broken = run(module, "--hil-defect", "retry-never")
    assert broken.returncode == 1, broken.stdout
    assert "[resync.error_retry_delay] the retried resync did not begin" in broken.stdout
    good = run(module)
    assert good.returncode == 0, good.stdout
    assert "1 passed" in good.stdout


def test_it_reads_like_a_test_by_hand(defective) -> None:
    text = text_for(defective, MISSING)
    body = text[text.index("@requirement") :]
    assert (
        body
        == """\
@requirement("resync.error_retry_delay")
def test_resync_error_retry_delay(
    handset: HandsetControl,
    history: History,
    reference: Phone,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
) -> None:
    lab = tftp.address
    dhcp.offer(option_66=lab)
    handset.boot(Resync_Error_Retry_Delay="30")
    history.sleep(90)
    expect_nothing_broken(history, handset, reference, requirement="resync.error_retry_delay")
"""
    )
    head = text[: text.index("@requirement")]
    assert "hil explore --seed 17`, seed 17/3" in head
    assert "clause: After a failed resync the next attempt begins" in head


def test_what_depends_on_chance_is_told_as_such(defective) -> None:
    assert "It came again in 1 of 2 further runs" in text_for(defective, MISSING, again=1)


@pytest.mark.parametrize(
    ("call", "written"),
    [
        (Call("web", "submit", (), (("GPP_A", 'a "b"'),)), "web.submit(GPP_A='a \"b\"')"),
        (
            Call("web", "submit", (), (("Auth_Resync-Reboot_1_", "No"),)),
            'web.submit(**{"Auth_Resync-Reboot_1_": "No"})',
        ),
        (
            Call("tftp", "serve", ("/a", Profile((("GPP_A", LAB),), gzip=True, key="k", cut=2))),
            'encrypt(compress(flat_profile(GPP_A=lab)), "k", salt=bytes(range(8)))[:-2]',
        ),
        (
            Call("http", "inject", (fl.Delay(0.5),), (("nth", 2),)),
            "http.inject(Delay(seconds=0.5), nth=2)",
        ),
        (
            Call("sip", "notify", ("resync",), (("credentials", Shown.WRONG),), if_registered=1),
            'if sip.registered(1):\n        sip.notify("resync", credentials=Shown.WRONG)',
        ),
        (Call("sip", "authenticate", (Algorithm.SHA_256,)), "sip.authenticate(Algorithm.SHA_256)"),
        (
            Call("dhcp", "offer", (), (("option_125", Codes(((1, f"http://{LAB}/x"),), 9)),)),
            'dhcp.offer(option_125={9: {1: f"http://{lab}/x"}})',
        ),
        (Call("ntp", "set", (Utc("2026-01-01 00:00"),)), 'ntp.set(utc("2026-01-01 00:00"))'),
        (
            Call("", "serve_load", (Fixture("http"), "sip7832.11-3-2MPP0001-610", 3000)),
            'serve_load(http, "sip7832.11-3-2MPP0001-610", 3000)',
        ),
    ],
)
def test_each_kind_of_value_is_written_as_python(defective, call: Call, written: str) -> None:
    before = (*MISSING.before, call) if not call.if_registered else MISSING.before
    after = (call, SLEEP) if call.if_registered else (SLEEP,)
    text = text_for(defective, Scenario(before, MISSING.parameters, after))
    assert written in text
    compile(text, "found.py", "exec")
