"""How the virtual phone registers: digests, refreshing, retries, fail-over, and internal codes."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from itertools import pairwise

import pytest
from sip_peer import demanding, ok, refuse, silent

from hil.net.virtual import LAB_ADDRESS
from hil.reference.line_decisions import REFERENCE_LINE
from hil.virtual.sip import SipConfig
from hil.wire.sip_digest import Algorithm, parse_credentials


def test_a_line_registers_its_contact_with_its_address_of_record(phone, peer):
    server = peer()
    phone(Display_Name_1_="Conference", Register_Expires_1_="600").start().wait("registered", 1)
    register = server.expect("REGISTER")
    assert register.uri == f"sip:{LAB_ADDRESS}"
    assert register.to.uri == register.from_.uri == f"sip:1001@{LAB_ADDRESS}"
    assert register.from_.display == "Conference"
    assert register.contacts[0].uri == "sip:1001@192.0.2.16:5060"
    assert (register.contacts[0].expires, register.expires) == (600, 600)
    assert register.header("User-Agent") == "Cisco-CP-7832-3PCC/11.3.2_000e08aabbcc"


@pytest.mark.parametrize("algorithm", [Algorithm.MD5, Algorithm.SHA_256])
@pytest.mark.parametrize("status", [401, 407])
def test_it_answers_a_challenge(phone, peer, algorithm, status):
    server = peer(demanding(algorithm, status=status))
    phone().start().wait("registered", 1)
    first, second = server.requests
    assert second.cseq.number == first.cseq.number + 1
    assert second.call_id == first.call_id
    assert second.via.branch != first.via.branch


def test_the_auth_id_stands_in_for_the_user_where_there_is_one(phone, peer):
    server = peer(demanding(Algorithm.MD5))
    phone(Auth_ID_1_="auth").start().wait("registered", 1)
    assert parse_credentials(server.requests[1].header("Authorization")).username == "auth"


def test_a_wrong_password_is_tried_once_and_fails_with_the_answer(phone, peer):
    server = peer(demanding(Algorithm.MD5, secret="other"))
    ours = phone().start().wait("failed", 1, "REGISTER", "403")
    assert server.methods() == ["REGISTER", "REGISTER"]
    assert f"line 1: REGISTER sip:{LAB_ADDRESS} failed: 403" in ours.told.log
    assert not ours.phone.registered(1)


def test_it_registers_again_before_the_binding_ends(phone, peer):
    server = peer(lambda request: ok(request, expires=100))
    phone().start().wait("registered", 1)
    server.expect("REGISTER", 4, within=400)
    times = server.times("REGISTER")
    assert all(50 <= later - earlier < 100 for earlier, later in pairwise(times))
    assert len({request.call_id for request in server.requests}) == 1


def test_a_registration_that_cannot_be_refreshed_is_lost(phone, peer):
    server = peer(lambda request: ok(request, expires=100))
    ours = phone().start().wait("registered", 1)
    server.reply = refuse(500)
    ours.wait("lost", 1, within=100)
    assert ours.told.events[-2:] == [("failed", 1, "REGISTER", "500"), ("lost", 1)]


@pytest.mark.parametrize(("template", "delay"), [("5??", 30), ("4??", 1200), ("", 1200)])
def test_retry_reg_rsc_steers_when_it_tries_again(phone, peer, template, delay):
    server = peer(refuse(500))
    phone(Retry_Reg_RSC=template).start()
    server.expect("REGISTER", 3, within=3000)
    first, second, third = server.times("REGISTER")
    assert second - first == pytest.approx(delay, abs=0.1)
    assert third - second == pytest.approx(delay, abs=0.1)


def test_retry_after_of_a_503_is_honoured(phone, peer):
    server = peer(refuse(503, Retry_After="77 (busy)"))
    phone(Retry_Reg_RSC="5??").start()
    server.expect("REGISTER", 2, within=100)
    first, second = server.times("REGISTER")
    assert second - first == pytest.approx(77, abs=0.1)


def test_silence_is_x20_after_64_times_t1(phone, peer):
    server = peer(silent)
    ours = phone(SIP_T1=".25", Retry_Reg_RSC="X20").start()
    ours.wait("failed", 1, "REGISTER", "X20")
    times = server.times("REGISTER")
    pauses = [round(later - earlier, 2) for earlier, later in pairwise(times)]
    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert len({each.via.branch for each in server.requests}) == 1
    failed_at = times[0] + 16
    server.expect("REGISTER", len(times) + 1, within=100)
    assert server.times("REGISTER")[-1] == pytest.approx(failed_at + 30, abs=0.1)


def test_a_port_that_nobody_listens_at_is_x00_at_once(phone, lab):
    ours = phone(Proxy_1_=f"{LAB_ADDRESS}:5099").start()
    began = lab.clock.now()
    ours.wait("failed", 1, "REGISTER", "X00")
    assert lab.clock.now() - began < 1_000_000_000


@pytest.mark.parametrize("code", [0, 1, 3, 10])
def test_any_icmp_unreachable_is_x00_at_once(phone, peer, code):
    server = peer(silent)
    ours = phone().start()
    server.expect("REGISTER", 2)
    server.unreachable(code)
    ours.wait("failed", 1, "REGISTER", "X00", within=1)
    assert len(server.came) == 2


def test_an_icmp_error_is_that_of_its_own_destination(phone, peer):
    server = peer(silent)
    ours = phone().start()
    server.expect("REGISTER")
    server.unreachable(3, port=5099)
    ours.wait("failed", 1, "REGISTER", "X20", within=40)


def test_an_icmp_error_after_the_answer_harms_nothing(phone, peer):
    server = peer(lambda request: ok(request, expires=100))
    ours = phone().start().wait("registered", 1)
    server.unreachable(3)
    server.expect("REGISTER", 2, within=100)
    assert ours.told.events == [("registered", 1)]


def test_a_server_without_address_is_x00(phone):
    phone(Proxy_1_="sip.example").start().wait("failed", 1, "REGISTER", "X00")


def test_a_name_is_looked_up_and_stays_the_domain(phone, peer):
    server = peer()
    names = {"sip.example": IPv4Address(LAB_ADDRESS)}
    phone(Proxy_1_="sip.example", names=names).start().wait("registered", 1)
    assert server.requests[0].uri == "sip:sip.example"


def test_an_outbound_proxy_gets_the_request_for_the_proxys_domain(phone, peer):
    server = peer(port=5080)
    phone(Proxy_1_="sip.example", Outbound_Proxy_1_=f"{LAB_ADDRESS}:5080").start()
    assert server.expect("REGISTER").uri == "sip:sip.example"


BACKUP = {"Dual_Registration_1_": "Yes", "Alternate_Proxy_1_": f"{LAB_ADDRESS}:5070"}


@pytest.mark.parametrize(("template", "reply"), [("5??", refuse(503)), ("X20", silent)])
def test_a_code_of_try_backup_rsc_takes_it_to_the_backup(phone, peer, template, reply):
    primary, backup = peer(reply), peer(port=5070)
    phone(Try_Backup_RSC=template, SIP_T1="0.1", **BACKUP).start().wait("registered", 1)
    assert primary.methods().count("REGISTER") >= 1
    assert backup.methods() == ["REGISTER"]


def test_x00_takes_it_to_the_backup_too(phone, peer):
    backup = peer(port=5070)
    ours = phone(Try_Backup_RSC="X*", **BACKUP).start().wait("registered", 1)
    assert ours.told.events == [("failed", 1, "REGISTER", "X00"), ("registered", 1)]
    assert backup.methods() == ["REGISTER"]


def test_any_other_code_does_not(phone, peer):
    peer(refuse(403))
    backup = peer(port=5070)
    phone(Try_Backup_RSC="5??", **BACKUP).start().wait("failed", 1, "REGISTER", "403")
    backup.pass_time(600)
    assert backup.came == []


def test_from_the_backup_it_returns_to_the_primary(phone, peer):
    primary, backup = peer(refuse(503)), peer(port=5070)
    phone(Try_Backup_RSC="503", Proxy_Fallback_Intvl_1_="120", **BACKUP).start().wait(
        "registered", 1
    )
    primary.reply = ok
    primary.expect("REGISTER", 2, within=200)
    assert primary.times("REGISTER")[1] - backup.times("REGISTER")[0] == pytest.approx(120, abs=0.1)
    primary.expect("REGISTER", 3, within=4000)
    assert backup.methods() == ["REGISTER"]


def test_a_423_is_asked_again_for_longer(phone, peer):
    def brief(request):
        if request.contacts[0].expires < 900:
            return refuse(423, Min_Expires="900")(request)
        return ok(request, expires=900)

    server = peer(brief)
    phone(Register_Expires_1_="60").start().wait("registered", 1)
    assert [request.expires for request in server.requests] == [60, 900]


def test_two_lines_register_each_from_its_own_port(phone, peer):
    server = peer()
    second = {"User_ID_2_": "1002", "Proxy_2_": str(LAB_ADDRESS), "Line_Enable_2_": "Yes"}
    ours = phone(**second).start().wait("registered", 1).wait("registered", 2)
    assert {each.contacts[0].uri for each in server.requests} == {
        "sip:1001@192.0.2.16:5060",
        "sip:1002@192.0.2.16:5061",
    }
    assert ours.phone.registered(1)
    assert ours.phone.registered(2)


def test_two_lines_on_one_port_leave_the_second_without(phone, peer):
    peer()
    second = {"User_ID_2_": "1002", "Proxy_2_": str(LAB_ADDRESS), "Line_Enable_2_": "Yes"}
    ours = phone(SIP_Port_2_="5060", **second).start().wait("registered", 1)
    assert "line 2: SIP port 5060 cannot be had" in ours.told.log


@pytest.mark.parametrize(
    "values", [{"Line_Enable_1_": "No"}, {"Register_1_": "No"}, {"Proxy_1_": ""}]
)
def test_a_line_that_is_not_to_register_stays_silent(phone, peer, values):
    server = peer()
    phone(**values).start()
    server.pass_time(7200)
    assert server.came == []


def test_a_cut_says_nothing_and_nothing_goes_on_after_it(phone, peer, lab):
    server = peer(lambda request: ok(request, expires=100))
    ours = phone().start().wait("registered", 1)
    lab.counter.frames()
    ours.stop()
    server.pass_time(4000)
    assert server.methods() == ["REGISTER"]
    assert lab.counter.frames() == []
    assert ours.told.events == [("registered", 1)]
    assert not ours.phone.registered(1)


def test_a_cut_in_the_middle_of_a_transaction_repeats_nothing(phone, peer):
    server = peer(silent)
    ours = phone().start()
    server.expect("REGISTER", 2)
    ours.stop()
    server.pass_time(100)
    assert server.methods() == ["REGISTER"] * 2


def test_another_account_registers_anew_and_other_templates_do_not(phone, peer):
    server = peer()
    ours = phone().start().wait("registered", 1)
    ours.configure(Retry_Reg_RSC="5??")
    server.pass_time(10)
    assert server.methods() == ["REGISTER"]
    ours.configure(User_ID_1_="2002")
    assert server.expect("REGISTER", 2).from_.user == "2002"
    assert ours.told.events == [("registered", 1), ("lost", 1), ("registered", 1)]


def test_a_replaced_decision_is_what_it_goes_by(phone, peer):
    server = peer(refuse(500))
    always = replace(REFERENCE_LINE, retries_soon=lambda code, parameters: True)
    phone(config=SipConfig(decisions=always)).start()
    server.expect("REGISTER", 2, within=40)


@pytest.mark.parametrize(
    "values",
    [
        {"Proxy_1_": "sip.example-"},
        {"Proxy_1_": "a" * 300},
        {"User_ID_1_": 'a b"<>@;\r\nX: y'},
        {"Display_Name_1_": 'a"\r\n\0X: y'},
        {"Password_1_": "\r\n\0"},
        {"Auth_ID_1_": "a\r\nX: y"},
    ],
    ids=lambda values: next(iter(values)),
)
def test_no_value_of_a_parameter_can_break_it(phone, peer, values):
    server = peer(demanding(Algorithm.MD5))
    ours = phone(**values).start()
    server.pass_time(100)
    assert all(request.header("X") is None for request in server.requests)
    assert ours.crashes == []


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"\x00" * 100, b"SIP/2.0 200 OK\r\n\r\n", b"x" * 60000]
)
def test_garbage_from_the_network_changes_nothing(phone, peer, data):
    server = peer()
    ours = phone().start().wait("registered", 1)
    server.send_bytes(data)
    server.pass_time(1)
    assert ours.phone.registered(1)
