"""The virtual phone's user agent and the bench's SIP endpoint: each fault has the code it must have."""

from __future__ import annotations

import pytest
from phone_under_test import PhoneUnderTest

from hil.endpoints import faults as fl
from hil.endpoints.admission import Admission
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_call import CallState
from hil.endpoints.sip_faults import MalformedSip, NoAck, SipStatus, Unreachable, WrongSdp
from hil.endpoints.sip_settings import Shown
from hil.history import History
from hil.net.virtual import LAB_ADDRESS
from hil.reference.notify import NotifyAction
from hil.virtual.sip import Dialing
from hil.wire.sip_digest import Algorithm

LINES = {
    "User_ID_1_": "line1",
    "Password_1_": "password1",
    "User_ID_2_": "line2",
    "Password_2_": "password2",
    "Proxy_2_": str(LAB_ADDRESS),
    "Line_Enable_2_": "Yes",
}
NUMBER = "5551234"


@pytest.fixture
def endpoint(lab):
    """Starts SIP endpoints of a bench that serves the handset."""
    lab.configure()
    history = History(lab.clock)
    admission = Admission(lab.port.far.mac, lab.port.address)
    started = []

    def make(**options):
        served = SipEndpoint(lab.server, lab.clock, history, admission, **options)
        lab.clock.run(served.start())
        started.append(served)
        return served

    yield make
    for each in started:
        lab.clock.run(each.close())


@pytest.fixture
def phone(lab):
    made = []

    def make(**values):
        made.append(PhoneUnderTest(lab, **(LINES | values)))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def codes(ours, method):
    return [event[3] for event in ours.told.events if event[:3] == ("failed", 1, method)]


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("algorithm", [Algorithm.MD5, Algorithm.SHA_256])
def test_both_lines_register(endpoint, phone, transport, algorithm):
    sip = endpoint()
    sip.authenticate(algorithm)
    ours = phone(SIP_Transport_1_=transport, SIP_Transport_2_=transport).start()
    ours.wait("registered", 1).wait("registered", 2)
    assert sip.registered(1)
    assert sip.registered(2)


@pytest.mark.parametrize(
    ("event", "action", "rule"),
    [
        ("resync", NotifyAction.RESYNC, ""),
        ("resync;profile=http://192.0.2.1/x.xml", NotifyAction.RESYNC, "http://192.0.2.1/x.xml"),
        ("check-sync", NotifyAction.CHECK_SYNC, ""),
        ("reboot_now", NotifyAction.REBOOT, ""),
        ("restart_now", NotifyAction.RESTART, ""),
        ("report", NotifyAction.REPORT, ""),
    ],
)
@pytest.mark.parametrize("line", [1, 2])
def test_a_notify_is_challenged_with_the_lines_account(endpoint, phone, event, action, rule, line):
    sip = endpoint()
    ours = phone().start().wait("registered", 1).wait("registered", 2)
    final = sip.notify(event, line=line)
    assert (final.status, final.challenged) == (200, True)
    assert ours.told.events[-1] == ("asked", action, rule, line)


@pytest.mark.parametrize("shown", [Shown.WRONG, Shown.NONE])
def test_who_cannot_answer_the_challenge_gets_nothing(endpoint, phone, shown):
    sip = endpoint()
    ours = phone().start().wait("registered", 1)
    assert sip.notify("resync", credentials=shown).status == 401
    assert not [event for event in ours.told.events if event[0] == "asked"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (fl.Silence(), "X20"),
        (Unreachable("port"), "X00"),
        (Unreachable("host"), "X00"),
        (SipStatus(503), "503"),
        (SipStatus(404), "404"),
        (MalformedSip("status-line"), "X20"),
        (MalformedSip("noise"), "X20"),
    ],
    ids=str,
)
def test_a_registration_that_fails_has_its_code(endpoint, phone, fault, code):
    sip = endpoint()
    sip.inject(fault, name="REGISTER")
    ours = phone(SIP_T1="0.1").start()
    ours.wait("failed", 1, "REGISTER", code)
    assert not sip.registered(1)


def test_a_connection_that_is_reset_is_x00(endpoint, phone):
    sip = endpoint()
    sip.inject(fl.Reset(), name="REGISTER")
    phone(SIP_Transport_1_="TCP").start().wait("failed", 1, "REGISTER", "X00")


def test_a_code_of_the_template_takes_it_to_the_backup(endpoint, phone):
    primary, backup = endpoint(), endpoint(port=5080, name="backup")
    primary.inject(fl.Silence(), name="REGISTER")
    values = {"Dual_Registration_1_": "Yes", "Alternate_Proxy_1_": f"{LAB_ADDRESS}:5080"}
    ours = phone(SIP_T1="0.1", Try_Backup_RSC="X20", **values).start().wait("registered", 1)
    assert backup.registered(1)
    assert not primary.registered(1)
    assert codes(ours, "REGISTER") == ["X20"]


def test_the_bench_calls_it_and_hangs_up(endpoint, phone):
    sip = endpoint()
    ours = phone().start().wait("registered", 1)
    call = sip.call(1)
    assert call.wait(CallState.ESTABLISHED, within=10), call
    assert ours.phone.active(1)
    call.hang_up()
    ours.wait("active", 1, False)
    assert codes(ours, "INVITE") == []


def test_it_calls_the_bench_and_hangs_up(endpoint, phone):
    sip = endpoint()
    sip.authenticate(Algorithm.SHA_256, methods=("REGISTER", "INVITE", "BYE"))
    ours = phone().start().wait("registered", 1)
    assert ours.dial(NUMBER) is Dialing.CALLING
    ours.logged("line 1: call with")
    (call,) = sip.calls
    assert call.wait(CallState.ESTABLISHED, within=10), call
    ours.hang_up()
    assert call.wait(CallState.ENDED, within=10), call
    assert ours.told.events[-1] == ("active", 1, False)


@pytest.mark.parametrize("kind", ["codec", "refused", "missing", "noise"])
def test_an_unacceptable_answer_is_x40_in_a_200_and_in_an_ack(endpoint, phone, kind):
    sip = endpoint()
    sip.inject(WrongSdp(kind), name="INVITE")
    sip.inject(WrongSdp(kind), name="ACK")
    ours = phone().start().wait("registered", 1)
    ours.dial(NUMBER)
    ours.wait("failed", 1, "INVITE", "X40")
    ours.wait("active", 1, False)
    assert sip.calls[0].wait(CallState.ENDED, within=10)
    call = sip.call(1, codecs=())
    assert call.wait(CallState.ENDED, within=30)
    assert codes(ours, "INVITE") == ["X40", "X40"]


def test_an_ack_that_never_comes_is_x40(endpoint, phone):
    sip = endpoint()
    sip.inject(NoAck())
    ours = phone(SIP_T1="0.1").start().wait("registered", 1)
    sip.call(1)
    ours.wait("failed", 1, "INVITE", "X40", within=30)
    assert not ours.phone.active(1)


@pytest.mark.parametrize("status", [404, 486, 500, 603])
def test_a_call_that_is_refused_has_the_answers_code(endpoint, phone, status):
    sip = endpoint()
    sip.answer_calls(status)
    ours = phone().start().wait("registered", 1)
    ours.dial(NUMBER)
    ours.wait("failed", 1, "INVITE", str(status))
    ours.wait("active", 1, False)


def test_a_number_outside_the_dial_plan_never_reaches_the_bench(endpoint, phone):
    sip = endpoint()
    ours = phone().start().wait("registered", 1)
    assert ours.dial("555") is Dialing.INVALID
    assert codes(ours, "INVITE") == ["X60"]
    assert sip.calls == ()
