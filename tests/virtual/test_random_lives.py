"""The virtual phone, moved by its faces at random instants, is never accused.

It runs the reference, so whatever it does is right, and any finding is a false accusation, or the
phone does not do what the reference says. Every scenario has a seed.
"""

from __future__ import annotations

import random

import pytest
from scenario import make_bench

from hil.endpoints import faults
from hil.history import events as ev
from hil.judge import Conduct, judge
from hil.reference.profile_builder import flat_profile

SEEDS = 60
LONG_SEEDS = 600
PATHS = ("/a.xml", "/b.xml", "/missing.xml")


@pytest.fixture(scope="module")
def bench():
    made = make_bench(0)
    yield made
    made.close()


def configuration(chance, bench):
    server = bench.http.address
    return {
        "Resync_On_Reset": chance.choice(("Yes", "No")),
        "Resync_Random_Delay": chance.choice(("0", "30")),
        "Resync_Periodic": chance.choice(("0", "60", "300+60")),
        "Resync_Error_Retry_Delay": chance.choice(("0", "20", "30,60")),
        "Provision_Enable": chance.choice(("Yes", "Yes", "No")),
        "User_Configurable_Resync": chance.choice(("Yes", "No")),
        "Enable_Direct_Action_Url": chance.choice(("Yes", "Yes", "No")),
        "Profile_Rule": chance.choice(("/a.xml", "/missing.xml", f"http://{server}/c.xml", "")),
        "Profile_Rule_B": chance.choice(("", "/b.xml")),
        "Syslog_Server": chance.choice(("", bench.syslog.address)),
        "Debug_Level": chance.choice(("NOTICE", "DEBUG", "ERROR")),
        "Report_Rule": chance.choice(
            ("", f"http://{server}/r", f"http://{server}/r [--status]http://{server}/missing")
        ),
        "Report_To_Server": chance.choice(("On Request", "On Local Change", "Periodically")),
        "Periodic_Upload_To_Server": "600",
        "Upload_Delay_On_Local_Change": chance.choice(("10", "120")),
        "HTTP_Report_Method": chance.choice(("PUT", "POST")),
    }


def serve(chance, bench):
    for path in ("/a.xml", "/b.xml"):
        values = {"GPP_A": str(chance.random())}
        if chance.random() < 0.3:
            values["Resync_Periodic"] = chance.choice(("0", "90"))
        bench.tftp.serve(path, flat_profile(**values))
    bench.http.serve("/c.xml", flat_profile(GPP_C="c" * chance.choice((1, 3000))))
    bench.http.serve("/r", b"")
    for endpoint in (bench.tftp, bench.http):
        if chance.random() < 0.4:
            endpoint.inject(faults.Delay(chance.choice((0.5, 3.0))), nth=chance.randint(1, 3))
        if chance.random() < 0.2:
            endpoint.inject(faults.Silence(), nth=chance.randint(1, 3))


def move(chance, bench):
    """Do one thing to the phone."""
    rule = chance.choice(("", "", *PATHS, f"http://{bench.http.address}/c.xml"))
    match chance.randrange(7):
        case 0 | 1:
            bench.web.resync(rule)
        case 2:
            bench.screen.press_resync(rule and f"tftp://{bench.tftp.address}/b.xml")
        case 3:
            bench.web.reboot()
        case 4:
            bench.web.submit(**{chance.choice(("GPP_A", "GPP_B")): str(chance.random())})
        case 5:
            bench.web.submit(Resync_Periodic=chance.choice(("0", "120")))
        case 6:
            bench.handset.power_cycle()


def play(bench, seed):
    """One scenario; its judgement."""
    chance = random.Random(seed)  # noqa: S311
    started = bench.begin(f"life {seed}", ("web.resync",))
    parameters = configuration(chance, bench)
    bench.dhcp.offer(option_66=bench.tftp.address)
    serve(chance, bench)
    bench.handset.boot(**parameters)
    for _ in range(chance.randint(2, 8)):
        bench.history.sleep(chance.choice((0.001, 0.01, 0.2, 1, 5, 12, 40, 400)) * chance.random())
        move(chance, bench)
    bench.history.sleep(chance.choice((20, 1500)))
    ended = bench.end("life")
    events = bench.events_of(started, ended)
    assert not [event for event in events if isinstance(event, ev.LabFault)]
    return judge(events, Conduct(("web.resync",)), bench.reference_phone(), bench.timing)


def accused(bench, seeds):
    found = {seed: play(bench, seed).findings for seed in seeds}
    return {seed: "\n".join(map(str, each)) for seed, each in found.items() if each}


def test_a_phone_that_runs_the_reference_is_never_accused(bench):
    assert accused(bench, range(SEEDS)) == {}


@pytest.mark.soak
def test_many_lives_without_an_accusation(bench):
    assert accused(bench, range(1000, 1000 + LONG_SEEDS)) == {}
