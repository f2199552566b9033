"""What the phone's pages show: its parameters without secrets, and its state."""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import WebAnswered
from hil.marks import quick, reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, check_in_force, expect_reboot, idle_phone, next_transfer
from hil.testing.clock import serve_at, synced

STATUS, CONFIGURATION = "/admin/status.xml", "/admin/cfg.xml"
SECRETS = {
    "Admin_Password": "s3cret-admin",
    "User_Password": "s3cret-user",
    "Password_1_": "s3cret-line",
    "GPP_SA": "s3cret-sa",
    "GPP_SB": "s3cret-sb",
    "GPP_SC": "s3cret-sc",
    "GPP_SD": "s3cret-sd",
    "IKM_HTTP_Encrypt_Content": "s3cret-ikm-16-oc",
}


# -- parameters --------------------------------------------------------------------------------------


@reading(empty_element="set-empty")
@requirement("web.pages")
def test_the_configuration_page_shows_what_a_profile_has_set(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    tftp.serve("/a.xml", flat_profile(GPP_A="<a & b>", Resync_Periodic="7200", Log_Request_Msg=""))
    asked = idle_phone(history, handset, Profile_Rule="/a.xml", GPP_A="old", GPP_B="kept")
    web.resync()
    next_transfer(history, handset, asked)
    check_in_force(
        history,
        handset,
        web,
        GPP_A="<a & b>",
        GPP_B="kept",
        Resync_Periodic="7200",
        Log_Request_Msg="",
        Profile_Rule="/a.xml",
    )


@requirement("web.pages")
def test_the_configuration_page_shows_the_defaults_of_the_rest(
    handset: HandsetControl, web: PhoneWeb, history: History
) -> None:
    idle_phone(history, handset, Resync_On_Reset="No", Resync_Periodic="3600")
    check_in_force(
        history,
        handset,
        web,
        Provision_Enable="Yes",
        Resync_At__HHmm_="",
        Resync_At_Random_Delay="600",
        Resync_Periodic="3600",
        Forced_Resync_Delay="14400",
        Resync_From_SIP="Yes",
        Resync_After_Upgrade_Attempt="Yes",
        Resync_Trigger_1="",
        Resync_Fails_On_FNF="Yes",
        Profile_Rule="/$PSN.xml",
        DHCP_Option_To_Use="66,160,159,150,60,43,125",
        User_Configurable_Resync="Yes",
        Upgrade_Enable="Yes",
        Upgrade_Error_Retry_Delay="3600",
        Upgrade_Rule="",
        Peer_Firmware_Sharing="Yes",
        GPP_A="",
    )


@requirement("web.pages")
def test_no_page_shows_a_secret(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/a.xml", flat_profile(GPP_A="public", **SECRETS))
    rule = f"[--uid u --pwd s3cret-pwd] tftp://{tftp.address}/a.xml"
    asked = idle_phone(history, handset)
    web.resync(rule)
    next_transfer(history, handset, asked)
    history.sleep(handset.timing.step)
    web.log_in("admin", SECRETS["Admin_Password"])
    pages: list[WebAnswered] = [web.get(CONFIGURATION), web.get(STATUS)]
    history.check("the pages are there", seen=[p.status for p in pages], due=[200, 200])
    history.check("a value that is none", seen=b">public<" in pages[0].body, due=True)
    shown = [name for name, value in SECRETS.items() for p in pages if value.encode() in p.body]
    history.check("secrets that are shown", seen=shown, due=[])


# -- the phone itself --------------------------------------------------------------------------------


@quick
@requirement("web.pages")
def test_the_status_page_says_who_the_phone_is(
    handset: HandsetControl, web: PhoneWeb, history: History
) -> None:
    lease = boot_to_lease(history, handset, Resync_On_Reset="No")
    history.sleep(handset.timing.step)
    product, identity = web.status().product, handset.identity
    seen = (product.pn, product.serial, product.swver)
    due = ("CP-7832-3PCC", identity.serial, identity.swver)
    history.check("product name, serial number, software version", seen=seen, due=due)
    mac = "".join(c for c in product.mac.lower() if c.isalnum())
    history.check("the MAC address", seen=mac, due=identity.ma)
    history.check("the address", seen=product.ip, due=lease.yiaddr)


@requirement("web.pages")
def test_the_status_page_lists_the_last_three_resyncs_newest_first(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/good.xml", flat_profile())
    idle_phone(history, handset, Resync_Error_Retry_Delay="0")
    due: list[str] = []
    for name, outcome in (("bad", "Failed"), ("good", "Succeeded"), ("bad", "Failed")) * 2:
        asked = history.mark()
        web.resync(f"/{name}.xml")
        next_transfer(history, handset, asked)
        history.sleep(handset.timing.step)
        due = [outcome, *due][:3]
        seen = [line.what for line in web.status().provisioning]
        # Below them a phone that was used before the test may show older ones, up to three in all.
        seen = seen if len(due) == 3 else seen[: len(due)]
        history.check("the outcomes, newest first", seen=seen, due=due)


@requirement("web.pages")
def test_the_status_page_says_why_a_resync_failed(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/good.xml", flat_profile())
    tftp.serve("/corrupt.xml", b"<flat-profile><GPP_A>")
    idle_phone(history, handset, Resync_Error_Retry_Delay="0")
    reasons = []
    for name in ("good", "missing", "corrupt"):
        asked = history.mark()
        web.resync(f"/{name}.xml")
        next_transfer(history, handset, asked)
        history.sleep(handset.timing.step)
        reasons.append(web.status().provisioning[0].reason)
    good, missing, corrupt = reasons
    told = [bool(missing), bool(corrupt), missing != corrupt]
    history.check("whether the reasons tell one from another", seen=told, due=[True] * 3)
    history.check("why the good one failed", seen=good, due="")


@requirement("web.pages")
def test_the_status_page_says_when_a_resync_ended(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 09:00")
    synced(history, handset, Resync_Error_Retry_Delay="0")
    history.sleep(3600)
    asked = history.mark()
    web.resync("/missing.xml")
    next_transfer(history, handset, asked)
    history.sleep(handset.timing.step)
    line = web.status().provisioning[0]
    # It has counted from when its clock was set, which took a minute or two after the boot.
    when = "" if line.at is None else f"{line.at:%Y-%m-%d %H}"
    history.check("what and when", seen=(line.what, when), due=("Failed", "2026-03-02 10"))


@requirement("web.pages")
def test_the_status_page_says_why_the_phone_rebooted(
    handset: HandsetControl, web: PhoneWeb, history: History
) -> None:
    asked = idle_phone(history, handset)
    web.reboot()
    expect_reboot(history, handset, asked)
    history.sleep(handset.timing.step)
    asked = history.mark()
    web.submit(GPP_A="new")
    expect_reboot(history, handset, asked)
    history.sleep(handset.timing.step)
    update, restart = [line.what for line in web.status().reboots][:2]
    history.check("the two reasons", seen=update != restart and bool(restart), due=True)


@requirement("web.pages", "sip.registration")
def test_the_status_page_tells_a_registered_line_from_one_that_is_not(
    handset: HandsetControl, sip: SipEndpoint, web: PhoneWeb, history: History
) -> None:
    sip.account(1, "5001", "secret")
    idle_phone(history, handset, Proxy_1_=sip.address, User_ID_1_="5001", Password_1_="secret")
    lines = web.status().lines
    history.check("lines 1 and 2", seen=(lines[1], lines[2]), due=("Registered", "Not Registered"))
