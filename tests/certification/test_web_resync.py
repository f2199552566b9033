"""/admin/resync?: a resync that is asked for by the phone's web page."""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints import faults
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import HttpRequest, ProvisioningRequest, TftpRequest, TransferEnded
from hil.marks import quick, reading, requirement
from hil.reference.profile_builder import encrypt, flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import (
    boot_to_lease,
    check_in_force,
    expect_resyncs,
    fetched,
    idle_phone,
    next_transfer,
    soon,
)

# -- by which rule -----------------------------------------------------------------------------------


@requirement("web.resync")
def test_without_a_rule_the_phone_resyncs_by_its_own_rules(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    for path in ("/a.xml", "/b.xml"):
        tftp.serve(path, flat_profile())
    asked = idle_phone(history, handset, Profile_Rule="/a.xml", Profile_Rule_B="/b.xml")
    web.resync()
    paths = fetched(history, handset, asked, 2)
    history.check("what is asked for", seen=paths, due=["/a.xml", "/b.xml"])


@requirement("web.resync")
def test_a_rule_of_the_command_stands_in_for_the_phone_s_own(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    for path in ("/a.xml", "/b.xml", "/basic.txt"):
        tftp.serve(path, flat_profile())
    server = tftp.address
    asked = idle_phone(
        history,
        handset,
        Profile_Rule=f"tftp://{server}/a.xml",
        Profile_Rule_B=f"tftp://{server}/b.xml",
    )
    web.resync(f"tftp://{server}/basic.txt")
    first = history.expect(ProvisioningRequest, after=asked, within=soon(handset))
    history.check("what is asked for", seen=first.path, due="/basic.txt")
    history.expect_none(ProvisioningRequest, after=first, within=600)


@requirement("web.resync")
def test_what_the_command_s_file_sets_is_in_force(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/basic.txt", flat_profile(GPP_A="new", GPP_C="<Room 7>"))
    asked = idle_phone(history, handset, GPP_A="old", GPP_B="old")
    web.resync(f"tftp://{tftp.address}/basic.txt")
    next_transfer(history, handset, asked)
    check_in_force(history, handset, web, GPP_A="new", GPP_B="old", GPP_C="<Room 7>")


@requirement("web.resync")
def test_a_rule_without_a_server_means_the_host_that_asks(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    dhcp.offer(option_66="192.0.2.99")
    tftp.serve("/basic.txt", flat_profile())
    asked = idle_phone(history, handset)
    web.resync("/basic.txt")
    history.expect(TftpRequest, after=asked, path="/basic.txt", within=soon(handset))


@quick
@requirement("web.resync")
def test_a_rule_of_the_command_may_have_a_condition_and_macros(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(history, handset, GPP_A="blue", Resync_Error_Retry_Delay="0")
    server = f"http://{http.address}"
    web.resync(f'("$A" eq "red")? {server}/red.xml | {server}/$A/$MAU.xml?serial=$SN')
    request = history.expect(HttpRequest, after=asked, within=soon(handset))
    mau, sn = handset.identity.mau, handset.identity.serial
    history.check("what is asked for", seen=request.path, due=f"/blue/{mau}.xml?serial={sn}")


@reading(kdf_digest=("sha256", "either"))
@requirement("web.resync")
def test_a_rule_of_the_command_may_have_options(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    http.serve("/open", encrypt(flat_profile(GPP_B="opened"), "SecretPhrase1234", salt=b"8 octets"))
    asked = idle_phone(history, handset, GPP_A="I am $MA")
    web.resync(f"[--post a --key SecretPhrase1234] http://{http.address}/open")
    request = history.expect(HttpRequest, after=asked, path="/open", within=soon(handset))
    body = f"I am {handset.identity.ma}".encode()
    history.check("method and body", seen=(request.method, request.body), due=("POST", body))
    next_transfer(history, handset, asked)
    check_in_force(history, handset, web, GPP_B="opened")


@requirement("web.resync")
def test_a_rule_may_be_percent_encoded_and_a_plus_sign_is_a_blank(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(history, handset, GPP_A="text", Resync_Error_Retry_Delay="0")
    host = http.address
    web.get(f"/admin/resync?%5B--post+a%5D+http%3A%2F%2F{host}%2Fone%2Btwo/?mac=$MA")
    request = history.expect(HttpRequest, after=asked, within=soon(handset))
    ma = handset.identity.ma
    seen = (request.method, request.path)
    history.check("method and path", seen=seen, due=("POST", f"/one+two/?mac={ma}"))


@requirement("macros.prvst", "web.resync")
def test_prvst_is_minus_1_for_a_resync_that_was_asked_for_by_the_web_page(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    for path in ("/state-1.cfg", "/named-1.cfg"):
        tftp.serve(path, flat_profile())
    asked = idle_phone(history, handset, Profile_Rule="/state$PRVST.cfg")
    web.resync()
    own = fetched(history, handset, asked, 1)
    history.sleep(handset.timing.step)
    asked = history.mark()
    web.resync("/named$PRVST.cfg")
    named = fetched(history, handset, asked, 1)
    history.check("$PRVST", seen=[*own, *named], due=["/state-1.cfg", "/named-1.cfg"])


# -- when --------------------------------------------------------------------------------------------


@requirement("web.resync")
def test_resync_random_delay_does_not_put_a_command_off(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/basic.txt", flat_profile(Resync_Random_Delay="65535"))
    asked = idle_phone(history, handset, Profile_Rule=f"tftp://{tftp.address}/basic.txt")
    web.resync()
    next_transfer(history, handset, asked)
    again = history.mark()
    web.resync()
    history.expect(TftpRequest, after=again, within=soon(handset))


@quick
@requirement("web.resync")
def test_triggers_that_are_false_do_not_keep_the_phone_from_obeying(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/basic.txt", flat_profile())
    asked = idle_phone(
        history,
        handset,
        Profile_Rule=f"tftp://{tftp.address}/basic.txt",
        Resync_Trigger_1="$PRVTMR gt 1000000",
        Resync_Trigger_2='"$A" eq "never"',
    )
    web.resync()
    history.expect(TftpRequest, after=asked, within=soon(handset))


@requirement("web.resync")
def test_upgrade_enable_no_does_not_keep_the_phone_from_obeying(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/a.xml", flat_profile())
    asked = idle_phone(history, handset, Upgrade_Enable="No")
    web.resync("/a.xml")
    history.check("what is asked for", seen=fetched(history, handset, asked, 1), due=["/a.xml"])


@requirement("web.resync")
def test_a_command_during_a_resync_is_obeyed_after_it(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/slow.xml", flat_profile(GPP_A="slow"))
    tftp.serve("/other.xml", flat_profile())
    tftp.inject(faults.Delay(3.0), nth=1)
    lease = boot_to_lease(history, handset, Profile_Rule="/slow.xml", Resync_Periodic="0")
    slow = history.wait(TftpRequest, path="/slow.xml", after=lease, within=soon(handset))
    web.resync("/other.xml")
    ended = history.wait(
        TransferEnded, after=slow, transfer=slow.transfer, within=handset.timing.give_up
    )
    history.expect(TftpRequest, path="/other.xml", after=ended, within=soon(handset))


@reading(provision_disabled="blocks-all")
@requirement("web.resync", "provision.enable")
def test_with_provision_enable_no_the_command_has_no_effect(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/basic.txt", flat_profile())
    rule = f"tftp://{tftp.address}/basic.txt"
    asked = idle_phone(history, handset, Provision_Enable="No", Profile_Rule=rule)
    web.resync()
    web.resync(rule)
    history.expect_none(ProvisioningRequest, after=asked, within=7200)


# -- what follows ------------------------------------------------------------------------------------


@requirement("web.resync", "resync.periodic")
def test_a_resync_that_was_asked_for_starts_the_timer_of_resync_periodic(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/basic.txt", flat_profile())
    rule = f"tftp://{tftp.address}/basic.txt"
    asked = idle_phone(history, handset, Profile_Rule=rule, Resync_Periodic="600")
    history.expect_none(ProvisioningRequest, after=asked, within=1200)
    asked = history.mark()
    web.resync()
    synced = next_transfer(history, handset, asked)
    expect_resyncs(history, handset, synced, 600, requirement="resync.periodic")


@requirement("web.resync", "resync.error_retry_delay")
def test_a_resync_that_was_asked_for_and_failed_is_retried(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    rule = f"tftp://{tftp.address}/missing.txt"
    asked = idle_phone(history, handset, Profile_Rule=rule, Resync_Error_Retry_Delay="300")
    web.resync()
    failed = next_transfer(history, handset, asked)
    expect_resyncs(history, handset, failed, 300, requirement="resync.error_retry_delay")
