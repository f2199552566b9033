"""Who may use the phone's web pages: the server itself, its commands, and the passwords."""

from __future__ import annotations

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, Direction, ProvisioningRequest, TftpRequest
from hil.marks import quick, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import check_in_force, fetched, idle_phone, next_transfer, soon

STATUS, CONFIGURATION = "/admin/status.xml", "/admin/cfg.xml"


@requirement("web.access")
def test_with_enable_web_server_no_nobody_answers(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    rule = f"tftp://{tftp.address}/a.xml"
    tftp.serve("/a.xml", flat_profile())
    # A phone without pages is reached by what it asks for when it boots, and by nothing else.
    comes = {"Profile_Rule": rule, "Resync_On_Reset": "Yes"}
    asked = idle_phone(history, handset, Enable_Web_Server="No", **comes)
    answers = [web.get(STATUS).status, web.get(CONFIGURATION).status, web.resync().status]
    history.check("the statuses of answers", seen=answers, due=[0, 0, 0])
    history.expect_none(ProvisioningRequest, after=asked, within=600)


@requirement("web.access")
def test_a_profile_can_take_the_web_server_away(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/a.xml", flat_profile(Enable_Web_Server="No", Resync_On_Reset="Yes"))
    asked = idle_phone(history, handset, Profile_Rule=f"tftp://{tftp.address}/a.xml")
    before = web.get(STATUS).status
    web.resync()
    next_transfer(history, handset, asked)
    history.sleep(handset.timing.step)
    after = web.get(STATUS).status
    history.check("the statuses before and after", seen=[before, after], due=[200, 0])


@requirement("web.access")
def test_the_web_server_is_at_web_server_port(
    handset: HandsetControl, web: PhoneWeb, history: History
) -> None:
    idle_phone(history, handset, Web_Server_Port="8080")
    web.reach("http", 8080)
    there = web.get(STATUS).status
    web.reach("http", 80)
    elsewhere = web.get(STATUS).status
    history.check("the statuses at 8080 and 80", seen=[there, elsewhere], due=[200, 0])


@requirement("web.access")
def test_with_enable_direct_action_url_no_commands_have_no_effect(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    rule = f"tftp://{tftp.address}/a.xml"
    tftp.serve("/a.xml", flat_profile())
    asked = idle_phone(history, handset, Enable_Direct_Action_Url="No", Profile_Rule=rule)
    web.resync()
    web.resync(rule)
    web.upgrade(f"tftp://{tftp.address}/a.loads")
    web.reboot()
    history.expect_none(ProvisioningRequest, after=asked, within=600)
    history.expect_none(
        DhcpMessage, after=asked, within=600, kind="DISCOVER", direction=Direction.RECEIVED
    )


@quick
@requirement("web.access")
def test_a_command_with_the_administrator_s_password_is_obeyed(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/a.xml", flat_profile())
    asked = idle_phone(history, handset, Admin_Password="Ax7-room9")
    web.get("/admin/resync?/a.xml&xuser=admin&xpassword=Ax7-room9")
    request = history.expect(TftpRequest, after=asked, within=soon(handset))
    history.check("what is asked for", seen=request.path, due="/a.xml")


@requirement("web.access")
@pytest.mark.parametrize(
    "credentials",
    [
        "",
        "&xuser=admin&xpassword=ax7-room9",
        "&xuser=admin&xpassword=",
        "&xuser=user&xpassword=Ax7-room9",
    ],
    ids=["none", "another-case", "empty", "another-user"],
)
def test_a_command_without_the_right_password_has_no_effect(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
    credentials: str,
) -> None:
    tftp.serve("/a.xml", flat_profile())
    asked = idle_phone(history, handset, Admin_Password="Ax7-room9")
    commands = ("resync?/a.xml", "upgrade?/a.loads", "reboot")
    statuses = [web.get(f"/admin/{command}{credentials}").status for command in commands]
    # Without credentials a server asks for them (RFC 9110 section 15.5.2).
    due = statuses if credentials else [401] * 3
    history.check("the statuses of the answers", seen=statuses, due=due)
    history.expect_none(ProvisioningRequest, after=asked, within=600)
    history.expect_none(
        DhcpMessage, after=asked, within=600, kind="DISCOVER", direction=Direction.RECEIVED
    )


@requirement("web.access")
def test_a_command_is_obeyed_after_the_log_in_that_its_answer_asks_for(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/a.xml", flat_profile())
    asked = idle_phone(history, handset, Admin_Password="Ax7-room9")
    web.log_in("admin", "Ax7-room9")
    web.resync("/a.xml")
    history.check("what is asked for", seen=fetched(history, handset, asked, 1), due=["/a.xml"])


@requirement("web.access")
def test_a_password_that_a_profile_sets_guards_the_commands_from_then_on(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/a.xml", flat_profile(Admin_Password="Ax7-room9"))
    asked = idle_phone(history, handset, Profile_Rule=f"tftp://{tftp.address}/a.xml")
    web.resync()
    next_transfer(history, handset, asked)
    history.sleep(handset.timing.step)
    again = history.mark()
    web.resync()
    history.expect_none(ProvisioningRequest, after=again, within=600)
    once_more = history.mark()
    web.log_in("admin", "Ax7-room9")
    web.resync()
    history.check("after the log-in", seen=fetched(history, handset, once_more, 1), due=["/a.xml"])


@requirement("web.access")
def test_the_configuration_is_shown_to_the_administrator_alone(
    handset: HandsetControl, web: PhoneWeb, history: History
) -> None:
    idle_phone(history, handset, Admin_Password="Ax7-room9", GPP_A="here")
    answered = web.get(CONFIGURATION)
    history.check(
        "the page without a password",
        seen=(answered.status, b"here" in answered.body),
        due=(401, False),
    )
    web.log_in("admin", "Ax7-room9")
    check_in_force(history, handset, web, GPP_A="here")


@requirement("web.access")
def test_the_status_is_shown_to_user_and_administrator_alone(
    handset: HandsetControl, web: PhoneWeb, history: History
) -> None:
    idle_phone(history, handset, Admin_Password="Ax7-room9", User_Password="Us3r-room9")
    statuses = [web.get(STATUS).status]
    for user, password in (("user", "Us3r-room9"), ("admin", "Ax7-room9"), ("user", "Ax7-room9")):
        web.log_in(user, password)
        statuses.append(web.get(STATUS).status)
    history.check("nobody, user, admin, a wrong one", seen=statuses, due=[401, 200, 200, 401])


@requirement("web.access", "web.submit")
def test_a_configuration_without_the_password_changes_nothing(
    handset: HandsetControl, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(history, handset, Admin_Password="Ax7-room9", GPP_A="old")
    web.submit(GPP_A="new")
    web.log_in("user", "Ax7-room9")
    web.submit(GPP_A="new")
    history.expect_none(
        DhcpMessage, after=asked, within=600, kind="DISCOVER", direction=Direction.RECEIVED
    )
    web.log_in("admin", "Ax7-room9")
    check_in_force(history, handset, web, GPP_A="old")


@requirement("web.access")
def test_with_enable_web_admin_access_no_the_configuration_is_neither_shown_nor_taken(
    handset: HandsetControl, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(history, handset, Enable_Web_Admin_Access="No", GPP_A="here")
    shown = web.get(CONFIGURATION)
    web.submit(GPP_A="new")
    history.check("whether it is shown", seen=b"here" in shown.body, due=False)
    history.expect_none(
        DhcpMessage, after=asked, within=600, kind="DISCOVER", direction=Direction.RECEIVED
    )
