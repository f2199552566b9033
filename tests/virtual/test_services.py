"""A whole virtual phone on a bench, moved by its faces: pages, screen, SIP, and restarts by itself."""

from __future__ import annotations

import asyncio

import pytest
from scenario import make_bench

from hil.endpoints import faults
from hil.history import events as ev
from hil.net.stream import connect
from hil.reference.profile_builder import flat_profile
from hil.wire.syslog import Severity

QUIET = {"Resync_On_Reset": "No", "Resync_Periodic": "0"}
LINE = {"User_ID_1_": "5001", "Password_1_": "secret"}


@pytest.fixture(scope="module")
def made():
    bench = make_bench(0)
    yield bench
    assert not bench.history.all(ev.LabFault)
    bench.close()


@pytest.fixture
def bench(made):
    made.begin("test")
    yield made
    made.end("test")


def idle(bench, **parameters):
    """A phone that has its lease and serves its pages; the moment of it."""
    up = bench.handset.boot(**QUIET | parameters)
    bench.history.wait(ev.DhcpMessage, kind="ACK", after=up, within=30)
    bench.history.sleep(1)
    return bench.history.mark()


def leased_again(bench, after):
    """The lease after the phone has restarted by itself."""
    asked = bench.history.wait(ev.DhcpMessage, kind="DISCOVER", after=after, within=30)
    lease = bench.history.wait(ev.DhcpMessage, kind="ACK", after=asked, within=30)
    bench.history.sleep(1)
    return lease


def flash_of(bench):
    return bench.site.handset.flash.load()


# -- requests ----------------------------------------------------------------------------------------


def test_a_web_command_leads_to_a_resync_by_its_rule_and_its_requester(bench):
    bench.tftp.serve("/asked.xml", flat_profile(GPP_A="new"))
    asked = idle(bench, Profile_Rule="/own.xml")
    assert bench.web.resync("/asked.xml").status == 200
    ended = bench.history.wait(ev.TransferEnded, after=asked, within=5)
    assert (ended.path, ended.outcome) == ("/asked.xml", ev.Outcome.COMPLETE)
    bench.history.sleep(1)
    assert flash_of(bench)["GPP_A"] == "new"
    assert bench.web.parameters()["GPP_A"] == "new"


def test_the_screen_leads_to_a_resync_and_to_a_reboot(bench):
    bench.tftp.serve("/typed.xml", flat_profile())
    asked = idle(bench)
    assert bench.screen.press_resync(f"tftp://{bench.tftp.address}/typed.xml")
    bench.history.wait(ev.TransferEnded, after=asked, path="/typed.xml", within=5)
    asked = bench.history.mark()
    assert bench.screen.reboot()
    leased_again(bench, asked)


def test_a_phone_that_boots_has_no_keys_and_no_pages(bench):
    bench.handset.boot(**QUIET)
    assert not bench.screen.press_resync()
    assert bench.web.resync().status == 0
    assert not bench.history.all(ev.ProvisioningRequest, after=bench.history.mark())


def test_a_notify_leads_to_a_report(bench):
    bench.sip.account(1, "5001", "secret")
    bench.http.serve("/r", b"")
    asked = idle(
        bench,
        Proxy_1_=bench.sip.address,
        Report_Rule=f"http://{bench.http.address}/r",
        Report_To_Server="Periodically",
        **LINE,
    )
    assert bench.sip.notify("report").status == 200
    sent = bench.history.wait(ev.HttpRequest, after=asked, within=5)
    assert (sent.method, sent.path) == ("POST", "/r")


def test_requests_are_told_in_the_log_to_whom_debug_level_lets(bench):
    for level, severities in (("NOTICE", []), ("INFO", [6]), ("DEBUG", [6, 7])):
        asked = idle(bench, Syslog_Server=bench.syslog.address, Debug_Level=level, Profile_Rule="")
        bench.web.resync()
        bench.history.sleep(5)
        told = bench.history.all(ev.SyslogMessage, after=asked)
        beyond = sorted(t.severity for t in told if t.severity > Severity.NOTICE)
        assert beyond == severities


# -- restarts ----------------------------------------------------------------------------------------


def test_a_restart_keeps_the_link_up_and_everything_begins_anew(bench):
    bench.sip.account(1, "5001", "secret")
    asked = idle(bench, Proxy_1_=bench.sip.address, **LINE)
    assert bench.sip.registered()
    assert bench.web.reboot().status == 200
    leased_again(bench, asked)
    bench.history.wait(ev.SipMessage, method="REGISTER", status=200, after=asked, within=10)
    heard = bench.history.all(ev.NeighbourAnnounced, after=asked)
    assert sorted({each.protocol for each in heard}) == ["CDP", "LLDP"]
    assert not bench.history.all(ev.LinkChanged, after=asked)
    assert bench.web.resync().status == 200
    assert bench.handset.is_alive()


def test_the_status_pages_outlast_restarts_and_power_cuts(bench):
    asked = idle(bench, Resync_Error_Retry_Delay="0")
    bench.web.resync("/missing.xml")
    bench.history.wait(ev.TransferEnded, after=asked, within=5)
    bench.history.sleep(1)
    asked = bench.history.mark()
    bench.web.reboot()
    leased_again(bench, asked)
    asked = bench.history.mark()
    bench.web.submit(GPP_A="new")
    leased_again(bench, asked)
    up = bench.handset.power_cycle()
    bench.history.wait(ev.DhcpMessage, kind="ACK", after=up, within=30)
    bench.history.sleep(1)
    status = bench.web.status()
    assert [line.what for line in status.reboots] == [
        "power",
        "parameter update",
        "restart",
        "power",
    ]
    assert [(line.what, bool(line.reason)) for line in status.provisioning] == [("Failed", True)]
    bench.handset.prepare()
    idle(bench)
    assert bench.web.status().provisioning == ()


def test_a_submitted_configuration_is_stored_and_in_force_after_the_restart(bench):
    asked = idle(bench, GPP_A="old", GPP_B="kept")
    assert bench.web.submit(GPP_A="new", Web_Server_Port="8080").status == 200
    leased_again(bench, asked)
    assert (flash_of(bench)["GPP_A"], flash_of(bench)["GPP_B"]) == ("new", "kept")
    assert bench.web.get("/admin/status.xml").status == 0
    bench.web.reach("http", 8080)
    assert bench.web.parameters()["GPP_A"] == "new"


def test_a_submitted_configuration_during_a_resync_wins_and_the_resync_ends(bench):
    bench.tftp.serve("/slow.xml", flat_profile(GPP_A="profile"))
    bench.tftp.inject(faults.Delay(2.0), nth=1)
    asked = idle(bench, GPP_A="old")
    bench.web.resync("/slow.xml")
    bench.history.wait(ev.TftpRequest, after=asked, within=5)
    bench.web.submit(GPP_A="submitted")
    leased_again(bench, asked)
    bench.history.sleep(10)
    assert bench.web.parameters()["GPP_A"] == "submitted"


def test_a_restart_right_after_a_profile_loses_nothing_of_it(bench):
    """Storing it takes a while, in which the request to reboot comes."""
    bench.tftp.serve("/a.xml", flat_profile(GPP_A="new", GPP_C="x" * 4000))
    asked = idle(bench, GPP_A="old")
    bench.web.resync("/a.xml")
    bench.history.wait(ev.TransferEnded, after=asked, within=5)
    bench.web.reboot()
    leased_again(bench, asked)
    assert flash_of(bench)["GPP_A"] == "new"
    assert bench.web.parameters()["GPP_A"] == "new"


@pytest.mark.parametrize("delay", [0.0, 0.001, 0.003, 0.01])
def test_a_power_cut_after_a_submitted_configuration_leaves_the_old_or_the_new(bench, delay):
    idle(bench, GPP_A="old", GPP_C="o" * 2000)
    bench.web.submit(GPP_A="new", GPP_C="n" * 2000)
    bench.history.sleep(delay)
    up = bench.handset.power_cycle()
    bench.history.wait(ev.DhcpMessage, kind="ACK", after=up, within=30)
    bench.history.sleep(1)
    seen = {name: value for name, value in bench.web.parameters().items() if name in "GPP_A GPP_C"}
    assert seen in ({"GPP_A": "old", "GPP_C": "o" * 2000}, {"GPP_A": "new", "GPP_C": "n" * 2000})


# -- power cuts --------------------------------------------------------------------------------------


def test_a_power_cut_while_the_web_server_answers_is_silent_and_leaves_nothing(bench):
    idle(bench, GPP_A="here")

    async def ask():
        stream = await connect(bench.place, bench.admission.address, 80, within=5)
        # A head without its end: the phone waits for the rest.
        await stream.write(b"GET /admin/cfg.xml HTTP/1.1\r\nHost: x\r\n", within=5)
        return stream

    stream = bench.clock.run(ask())
    bench.handset.power_off()

    async def read():
        async with asyncio.timeout(5):
            return await stream.read(within=10)

    with pytest.raises(TimeoutError):
        bench.clock.run(read(), timeout=20)

    async def hang_up():
        stream.abort()

    bench.clock.run(hang_up())
    up = bench.handset.power_on()
    bench.history.wait(ev.DhcpMessage, kind="ACK", after=up, within=30)
    bench.history.sleep(1)
    assert bench.web.parameters()["GPP_A"] == "here"


def test_a_power_cut_ends_the_announcements_and_the_lines(bench):
    bench.sip.account(1, "5001", "secret")
    idle(bench, Proxy_1_=bench.sip.address, **LINE)
    off = bench.handset.power_off()
    bench.history.sleep(7200)
    talk = (ev.NeighbourAnnounced, ev.SipMessage, ev.DhcpMessage)
    assert not [each for each in bench.history.since(off) if isinstance(each, talk)]
    up = bench.handset.power_on()
    bench.history.wait(ev.DhcpMessage, kind="ACK", after=up, within=30)


# -- reports -----------------------------------------------------------------------------------------


def test_a_report_is_sealed_anew_each_time(bench):
    bench.http.serve("/r", b"")
    idle(
        bench,
        Report_Rule=f"[--key k] http://{bench.http.address}/r",
        Report_To_Server="Periodically",
        Periodic_Upload_To_Server="600",
    )
    bench.history.wait(ev.HttpRequest, after=bench.history.mark(), within=2000, count=2)
    first, second = (each.body for each in bench.history.all(ev.HttpRequest)[-2:])
    assert first[:8] == second[:8] == b"Salted__"
    assert first[8:16] != second[8:16]


def test_a_report_that_is_redirected_goes_out_again_whole(bench):
    bench.http.redirect("/r", "/elsewhere")
    bench.http.serve("/elsewhere", b"")
    before = bench.history.mark()
    idle(bench, Report_Rule=f"http://{bench.http.address}/r", HTTP_Report_Method="PUT")
    sent = bench.history.all(ev.HttpRequest, after=before)
    assert [(each.method, each.path) for each in sent] == [("PUT", "/r"), ("PUT", "/elsewhere")]
    assert sent[0].body
    assert sent[0].body == sent[1].body
