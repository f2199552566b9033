"""Report_Rule: to whom a phone reports, and what.

All reports here are asked for by a restart, which needs nothing but the phone's pages.
"""

from __future__ import annotations

from hil.clients.reports import read_report
from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.faults import StaleNonce
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history.events import HttpRequest
from hil.marks import quick, reading, requirement, smoke
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, expect_reboot, idle_phone, next_transfer, soon

PATH = "/report"


@requirement("report.rule")
def test_a_report_holds_the_parameters_with_the_values_that_a_profile_gave_them(
    handset: HandsetControl,
    http: HttpEndpoint,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    http.serve(PATH, b"")
    tftp.serve("/a.xml", flat_profile(GPP_A="<a & b>", Resync_Periodic="7200"))
    asked = idle_phone(history, handset, GPP_B="kept")
    web.resync("/a.xml")
    next_transfer(history, handset, asked)
    asked = history.mark()
    web.submit(Report_Rule=f"http://{http.address}{PATH}")
    said = read_report(_report(history, handset, asked)).parameters
    names = ("GPP_A", "GPP_B", "Resync_Periodic", "Resync_Fails_On_FNF", "Profile_Rule")
    due = ["<a & b>", "kept", "7200", "Yes", "/$PSN.xml"]
    history.check("what it says", seen=[said.get(name) for name in names], due=due)


@requirement("report.rule")
def test_the_destination_is_written_as_a_profile_rule(
    handset: HandsetControl, http: HttpEndpoint, dns: DnsEndpoint, history: History
) -> None:
    dns.answer("reports.example", http.address)
    red, blue = "http://reports.example/red", "http://reports.example/$A/$MAU.xml?sn=$SN"
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        GPP_A="blue",
        Report_Rule=f'("$A" eq "red")? {red} | {blue}',
    )
    path = _report(history, handset, lease).path
    identity = handset.identity
    history.check("the path", seen=path, due=f"/blue/{identity.mau}.xml?sn={identity.serial}")


@smoke
@quick
@requirement("report.rule")
def test_two_destinations_get_a_report_each(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    for path in ("/one.xml", "/two.xml"):
        http.serve(path, b"")
    server = f"http://{http.address}"
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        GPP_A="here",
        Report_Rule=f"{server}/one.xml [--status]{server}/two.xml",
    )
    first = _report(history, handset, lease)
    second = _report(history, handset, first)
    history.check("where to", seen=[first.path, second.path], due=["/one.xml", "/two.xml"])
    said = (read_report(first).parameters.get("GPP_A"), read_report(second).status.product.swver)
    history.check("what they say", seen=said, due=("here", handset.identity.swver))


@requirement("report.rule")
def test_the_second_destination_gets_its_report_although_the_first_refuses(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    http.serve("/two.xml", b"")
    server = f"http://{http.address}"
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        Report_Rule=f"{server}/one.xml {server}/two.xml",
    )
    first = _report(history, handset, lease)
    second = _report(history, handset, first)
    history.check("where to", seen=[first.path, second.path], due=["/one.xml", "/two.xml"])


@requirement("report.rule")
def test_a_destination_that_is_none_is_passed_over(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    http.serve("/two.xml", b"")
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        Report_Rule=f"no://where/one.xml http://{http.address}/two.xml",
    )
    sent = _report(history, handset, lease)
    history.check("where to", seen=sent.path, due="/two.xml")
    history.expect_none(HttpRequest, after=sent, within=7200)


@requirement("report.rule", "transfer.authentication")
def test_each_destination_may_ask_for_credentials_three_times(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    """ "401, 407: retry immediately with credentials, max 2 retries": that many for each."""
    http.serve("/one.xml", b"")
    http.require_digest("/one.xml", "phone", "s3cret")
    http.require_digest("/two.xml", "phone", "another")
    http.inject(StaleNonce(), nth=2)
    shown = "[--uid phone --pwd s3cret]"
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        Report_Rule=f"{shown}{http.url('/one.xml')} {shown}{http.url('/two.xml')}",
    )
    history.sleep(60)
    paths = [each.path for each in history.all(HttpRequest, after=lease)]
    history.check("the requests", seen=paths, due=["/one.xml"] * 3 + ["/two.xml"] * 3)


@reading(redirect_limit=5)
@requirement("report.rule", "transfer.redirect")
def test_each_destination_may_be_moved_five_times(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    """The first one is found after five redirects, the second one never."""
    for number in range(5):
        http.redirect(f"/one-{number}", http.url(f"/one-{number + 1}"))
    http.serve("/one-5", b"")
    http.redirect("/two", http.url("/two"))
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        Report_Rule=f"{http.url('/one-0')} {http.url('/two')}",
    )
    history.sleep(60)
    paths = [each.path for each in history.all(HttpRequest, after=lease)]
    due = ["/one-0", "/one-1", "/one-2", "/one-3", "/one-4", "/one-5"] + ["/two"] * 6
    history.check("the requests", seen=paths, due=due)


@requirement("report.rule")
def test_with_status_the_report_holds_the_phone_s_state_and_no_parameters(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    http.serve(PATH, b"")
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        GPP_A="a parameter",
        Report_Rule=f"[--status] http://{http.address}{PATH}",
    )
    report = read_report(_report(history, handset, lease))
    product, identity = report.status.product, handset.identity
    seen = (product.serial, product.swver, product.ip, "GPP_A" in report.parameters)
    history.check(
        "serial number, version, address, and whether there are parameters",
        seen=seen,
        due=(identity.serial, identity.swver, lease.yiaddr, False),
    )


@quick
@requirement("report.rule")
def test_with_delta_a_report_holds_what_has_changed_since_the_last_one(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    http.serve(PATH, b"")
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        GPP_A="one",
        GPP_B="kept",
        Report_Rule=f"[--delta] http://{http.address}{PATH}",
    )
    _report(history, handset, lease)
    history.sleep(handset.timing.step)
    asked = history.mark()
    web.submit(GPP_A="two")
    said = read_report(_report(history, handset, asked)).parameters
    seen = (said.get("GPP_A"), "GPP_B" in said, "Profile_Rule" in said)
    history.check("GPP_A, and whether the unchanged are told", seen=seen, due=("two", False, False))


@requirement("report.rule")
def test_with_key_the_report_opens_with_that_key_as_openssl_opens_it(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    http.serve(PATH, b"")
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        GPP_A="sealed",
        GPP_SA="test 123",
        Report_Rule=f'[--key "$SA"] http://{http.address}{PATH}',
    )
    sent = _report(history, handset, lease)
    history.check("how it begins", seen=sent.body[:8], due=b"Salted__")
    report = read_report(sent, key="test 123")
    history.check("GPP_A", seen=report.parameters.get("GPP_A", report.problem), due="sealed")
    history.check("whether it is legible", seen=b"sealed" in sent.body, due=False)


@requirement("report.rule")
def test_without_key_ikm_http_encrypt_content_encrypts_the_report(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    http.serve(PATH, b"")
    ikm = "0123456789abcdef"
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        GPP_A="sealed",
        IKM_HTTP_Encrypt_Content=ikm,
        Report_Rule=f"http://{http.address}{PATH}",
    )
    sent = _report(history, handset, lease)
    history.check("the coding", seen=sent.header("content-encoding"), due="aes128gcm")
    report = read_report(sent, ikm=ikm)
    history.check("GPP_A", seen=report.parameters.get("GPP_A", report.problem), due="sealed")


@requirement("report.rule")
def test_a_report_holds_no_secrets(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    http.serve(PATH, b"")
    secrets = {
        "Admin_Password": "s3cret-admin",
        "User_Password": "s3cret-user",
        "Password_1_": "s3cret-line",
        **{f"GPP_S{letter}": f"s3cret-{letter}" for letter in "ABCD"},
    }
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        GPP_A="public",
        Report_Rule=f"http://{http.address}{PATH}",
        **secrets,
    )
    body = _report(history, handset, lease).body
    history.check("a value that is none", seen=b">public<" in body, due=True)
    shown = [name for name, value in secrets.items() if value.encode() in body]
    history.check("secrets that are told", seen=shown, due=[])


@requirement("report.rule")
def test_without_report_rule_there_is_no_report(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    dhcp.offer(option_66=f"http://{http.address}")
    asked = idle_phone(history, handset)
    web.reboot()
    lease = expect_reboot(history, handset, asked)
    history.expect_none(HttpRequest, after=lease, within=7200)


def _report(history: History, handset: HandsetControl, after: Moment) -> HttpRequest:
    """The next report, be it after a reboot."""
    within = handset.boot_limit + soon(handset)
    return history.expect(HttpRequest, after=after, method="POST", within=within)
