"""User_Configurable_Resync: a resync that a user asks for at the phone's screen."""

from __future__ import annotations

from hil.clients.screen import Operator
from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import ProvisioningRequest, TftpRequest
from hil.marks import quick, reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import check_in_force, fetched, idle_phone, next_transfer, soon


@quick
@requirement("resync.user_configurable.default", "resync.user_configurable")
def test_by_default_a_user_can_resync_the_phone_from_its_screen(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    screen: Operator,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    for path in ("/a.xml", "/b.xml"):
        tftp.serve(path, flat_profile())
    asked = idle_phone(history, handset, Profile_Rule="/a.xml", Profile_Rule_B="/b.xml")
    history.check("whether the key is there", seen=screen.press_resync(), due=True)
    paths = fetched(history, handset, asked, 2)
    history.check("what is asked for", seen=paths, due=["/a.xml", "/b.xml"])


@requirement("resync.user_configurable")
def test_a_user_can_type_the_rule(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    screen: Operator,
    web: PhoneWeb,
    history: History,
) -> None:
    tftp.serve("/typed/$x.xml", flat_profile(GPP_A="new"))
    rule = f"tftp://{tftp.address}/own.xml"
    asked = idle_phone(history, handset, Profile_Rule=rule, GPP_A="old")
    screen.press_resync(f"tftp://{tftp.address}:69/typed/$x.xml")
    path = next_transfer(history, handset, asked).path
    history.check("what is asked for", seen=path, due="/typed/$x.xml")
    check_in_force(history, handset, web, GPP_A="new", Profile_Rule=rule)


@requirement("macros.prvst", "resync.user_configurable")
def test_prvst_is_minus_1_for_a_resync_from_the_screen(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    screen: Operator,
    history: History,
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/state-1.cfg", flat_profile())
    asked = idle_phone(history, handset, Profile_Rule="/state$PRVST.cfg")
    screen.press_resync()
    history.check("$PRVST", seen=fetched(history, handset, asked, 1), due=["/state-1.cfg"])


@requirement("resync.user_configurable")
def test_with_no_a_user_cannot(
    handset: HandsetControl, tftp: TftpEndpoint, screen: Operator, history: History
) -> None:
    tftp.serve("/a.xml", flat_profile())
    rule = f"tftp://{tftp.address}/a.xml"
    asked = idle_phone(history, handset, User_Configurable_Resync="No", Profile_Rule=rule)
    screen.press_resync()
    screen.press_resync(rule)
    history.expect_none(ProvisioningRequest, after=asked, within=7200)


@requirement("resync.user_configurable")
def test_a_profile_can_take_the_key_away_and_give_it_back(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    screen: Operator,
    web: PhoneWeb,
    history: History,
) -> None:
    tftp.serve("/no.xml", flat_profile(User_Configurable_Resync="No"))
    tftp.serve("/yes.xml", flat_profile(User_Configurable_Resync="Yes"))
    server = tftp.address
    asked = idle_phone(history, handset, Profile_Rule=f"tftp://{server}/no.xml")
    screen.press_resync()
    next_transfer(history, handset, asked)
    history.sleep(handset.timing.step)
    taken = history.mark()
    screen.press_resync()
    history.expect_none(ProvisioningRequest, after=taken, within=600)
    asked = history.mark()
    web.resync("/yes.xml")
    next_transfer(history, handset, asked)
    history.sleep(handset.timing.step)
    given = history.mark()
    screen.press_resync()
    history.expect(TftpRequest, after=given, path="/no.xml", within=soon(handset))


@reading(provision_disabled="blocks-all")
@requirement("resync.user_configurable", "provision.enable")
def test_with_provision_enable_no_a_user_cannot_either(
    handset: HandsetControl, tftp: TftpEndpoint, screen: Operator, history: History
) -> None:
    tftp.serve("/a.xml", flat_profile())
    rule = f"tftp://{tftp.address}/a.xml"
    asked = idle_phone(history, handset, Provision_Enable="No", Profile_Rule=rule)
    screen.press_resync()
    history.expect_none(ProvisioningRequest, after=asked, within=7200)
