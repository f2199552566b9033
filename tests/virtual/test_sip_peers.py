"""The virtual phone's user agent against sipp, in real time, both as server and as caller."""

from __future__ import annotations

import pytest
from phone_under_test import PhoneUnderTest
from programs import needed, started

from hil.net.virtual import LAB_ADDRESS
from hil.reference.notify import NotifyAction

pytestmark = pytest.mark.peer("sipp")

ALONE = {"Register_1_": "No", "Make_Call_Without_Reg_1_": "Yes", "Ans_Call_Without_Reg_1_": "Yes"}
# sipp answers nothing before it listens; then the next attempt follows soon.
PATIENT = {"Retry_Reg_RSC": "X*", "Reg_Retry_Intvl": "1"}

HEAD = '<?xml version="1.0" encoding="ISO-8859-1" ?><scenario name="hil">'
ANSWER = """
    [last_Via:]
    [last_From:]
    [last_To:];tag=[call_number]
    [last_Call-ID:]
    [last_CSeq:]"""
REGISTRAR = f"""{HEAD}
  <recv request="REGISTER" />
  <send><![CDATA[
    SIP/2.0 401 Unauthorized{ANSWER}
    WWW-Authenticate: Digest realm="sipp", algorithm=MD5, qop="auth", nonce="f00d"
    Content-Length: 0

  ]]></send>
  <recv request="REGISTER">
    <action>
      <verifyauth assign_to="right" username="1001" password="secret" />
    </action>
  </recv>
  <nop test="right" next="1" />
  <send next="2"><![CDATA[
    SIP/2.0 403 Forbidden{ANSWER}
    Content-Length: 0

  ]]></send>
  <label id="1" />
  <send><![CDATA[
    SIP/2.0 200 OK{ANSWER}
    [last_Contact:]
    Content-Length: 0

  ]]></send>
  <label id="2" />
</scenario>
"""
REQUEST = """
    NOTIFY sip:1001@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:sipp@[local_ip]:[local_port]>;tag=[call_number]
    To: <sip:1001@[remote_ip]>
    Call-ID: [call_id]
    CSeq: {number} NOTIFY
    Max-Forwards: 70
    Event: resync;profile=http://192.0.2.1/other.xml
    Subscription-State: terminated"""
NOTIFIER = f"""{HEAD}
  <send retrans="500"><![CDATA[{REQUEST.format(number=1)}
    Content-Length: 0

  ]]></send>
  <recv response="401" auth="true" />
  <send retrans="500"><![CDATA[{REQUEST.format(number=2)}
    [authentication username=1001 password=secret]
    Content-Length: 0

  ]]></send>
  <recv response="200" />
</scenario>
"""


@pytest.fixture
def sipp(wall_lab, tmp_path):
    """Runs sipp in the lab for one call, with a scenario of ours or one that it knows."""
    program = needed("sipp", "sip-tester")

    def run(*arguments, scenario=None):
        chosen = ()
        if scenario is not None:
            file = tmp_path / "scenario.xml"
            file.write_text(scenario.replace("\n    ", "\n"))
            chosen = ("-sf", str(file))
        common = ("-i", str(LAB_ADDRESS), "-p", "5060", "-m", "1", "-nostdin", "-timeout", "20s")
        command = (program, *chosen, *arguments, *common)
        return started(command, wall_lab.network.namespace)

    return run


@pytest.fixture
def phone(wall_lab):
    wall_lab.configure()
    made = []

    def make(**values):
        made.append(PhoneUnderTest(wall_lab, **values).start())
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_sipp_as_registrar_finds_the_digest_right(sipp, phone):
    with sipp(scenario=REGISTRAR) as peer:
        ours = phone(**PATIENT).wait("registered", 1, within=15)
        assert peer.ended() == 0, peer.output
    assert ours.phone.registered(1)


def test_sipp_as_registrar_finds_a_wrong_password_wrong(sipp, phone):
    with sipp(scenario=REGISTRAR) as peer:
        phone(Password_1_="guess", **PATIENT).wait("failed", 1, "REGISTER", "403", within=15)
        assert peer.ended() == 0, peer.output


def test_sipp_calls_it(sipp, phone, wall_lab):
    ours = phone(**ALONE)
    with sipp("-sn", "uac", "-s", "1001", "-d", "300", str(wall_lab.port.address)) as peer:
        assert peer.ended() == 0, peer.output
    ours.wait("active", 1, False)
    assert ours.told.events == [("active", 1, True), ("active", 1, False)]


def test_it_calls_sipp(sipp, phone):
    ours = phone(**ALONE)
    with sipp("-sn", "uas") as peer:
        # Until sipp listens, a call fails at once by ICMP.
        ours.dial_until_answered("5551234")
        assert ours.hang_up() is True
        assert peer.ended() == 0, peer.output
    assert ours.told.events[-2:] == [("active", 1, True), ("active", 1, False)]
    assert {event[3] for event in ours.told.events if event[0] == "failed"} <= {"X00"}


def test_sipp_tells_it_to_resync_with_a_rule_and_the_lines_credentials(sipp, phone, wall_lab):
    ours = phone(**ALONE)
    # sipp would leave the user out of the digest's uri.
    uri = f"1001@{wall_lab.port.address}:5060"
    with sipp("-auth_uri", uri, str(wall_lab.port.address), scenario=NOTIFIER) as peer:
        assert peer.ended() == 0, peer.output
    ours.wait("asked", NotifyAction.RESYNC, "http://192.0.2.1/other.xml", 1)
