"""What a rule's URL leaves out: "If no protocol is specified, TFTP is assumed. If no port is
specified, the default port is used (69 for TFTP, 80 for HTTP, or 443 for HTTPS)."
"""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import (
    DnsQuery,
    HttpRequest,
    ProvisioningRequest,
    SyslogMessage,
    TftpRequest,
)
from hil.marks import quick, reading, requirement
from hil.testbed.bench import HTTPS_NAME
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched, idle_phone, logged


@requirement("rules.url")
def test_without_a_scheme_tftp_is_used(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    rule = f"{tftp.address}/profiles/init.cfg"
    lease = boot_to_lease(history, handset, Profile_Rule=rule)
    history.expect(TftpRequest, path="/profiles/init.cfg", after=lease, within=handset.timing.step)


@requirement("rules.url")
def test_without_a_port_tftp_uses_69(
    handset: HandsetControl, tftp: TftpEndpoint, history: History
) -> None:
    rule = f"tftp://{tftp.address}/profiles/init.cfg"
    lease = boot_to_lease(history, handset, Profile_Rule=rule)
    history.expect(TftpRequest, port=69, after=lease, within=handset.timing.step)


@requirement("rules.url")
def test_without_a_port_http_uses_80(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    rule = f"http://{http.address}/profiles/init.cfg"
    lease = boot_to_lease(history, handset, Profile_Rule=rule)
    history.expect(HttpRequest, scheme="http", port=80, after=lease, within=handset.timing.step)


@requirement("rules.url")
def test_without_a_port_https_uses_443(
    handset: HandsetControl, https: HttpEndpoint, dns: DnsEndpoint, history: History
) -> None:
    dns.answer(HTTPS_NAME, https.address)
    rule = f"https://{HTTPS_NAME}/profiles/init.cfg"
    lease = boot_to_lease(history, handset, Profile_Rule=rule)
    within = 2 * handset.timing.step
    history.expect(HttpRequest, scheme="https", port=443, after=lease, within=within)


@requirement("rules.url")
def test_a_port_that_the_rule_names_is_used_over_http(
    handset: HandsetControl, http_8080: HttpEndpoint, history: History
) -> None:
    rule = f"http://{http_8080.address}:8080/prov/init.cfg"
    lease = boot_to_lease(history, handset, Profile_Rule=rule)
    history.expect(HttpRequest, port=8080, after=lease, within=handset.timing.step)


@requirement("rules.url")
def test_a_port_that_the_rule_names_is_used_over_tftp(
    handset: HandsetControl, tftp_6900: TftpEndpoint, history: History
) -> None:
    rule = f"tftp://{tftp_6900.address}:6900/prov/init.cfg"
    lease = boot_to_lease(history, handset, Profile_Rule=rule)
    history.expect(TftpRequest, port=6900, after=lease, within=handset.timing.step)


@requirement("rules.url")
def test_a_query_belongs_to_the_path(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    rule = f"http://{http.address}/app/provision/?model=7832&a=1"
    lease = boot_to_lease(history, handset, Profile_Rule=rule)
    asked = history.expect(HttpRequest, after=lease, within=handset.timing.step)
    history.check("the target", seen=asked.path, due="/app/provision/?model=7832&a=1")


@quick
@requirement("rules.url")
def test_a_server_may_be_named_and_its_address_is_looked_up(
    handset: HandsetControl, http: HttpEndpoint, dns: DnsEndpoint, history: History
) -> None:
    dns.answer("neptune.example", http.address)
    rule = "http://neptune.example/prov/init.cfg"
    lease = boot_to_lease(history, handset, Profile_Rule=rule)
    query = history.expect(
        DnsQuery, name="neptune.example", qtype="A", after=lease, within=handset.timing.step
    )
    asked = history.expect(HttpRequest, after=query, within=handset.timing.step)
    history.check("the host", seen=asked.header("host"), due="neptune.example")


LONG_NAME = ".".join(["a" * 63] * 3 + ["b" * 61])
"""A host name of 253 characters, whose labels have 63 and 61 (RFC 1123 section 2.1)."""


@requirement("macros.target", "rules.url")
@reading(scheme_case="lower", log_default_port="shown")
def test_what_scheme_server_and_port_may_look_like(
    handset: HandsetControl,
    dns: DnsEndpoint,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    """One resync after another; the phone tells of each what it is going to ask for."""
    idle_phone(
        history,
        handset,
        Log_Request_Msg="$SCHEME $SERV $PORT $PATH",
        Log_Failure_Msg="failed",
        Resync_Error_Retry_Delay="0",
        Syslog_Server=syslog.address,
    )
    host = str(http.address)
    for rule, due in {
        f"{host}/none.xml": f"tftp {host} 69 /none.xml",
        f"{host}:1/none.xml": f"tftp {host} 1 /none.xml",
        f"HTTP://{host}/none.xml": f"http {host} 80 /none.xml",
        f"http://{host}:65535/": f"http {host} 65535 /",
        f"Https://{host}:1/a/b?c=/d": f"https {host} 1 /a/b?c=/d",
        f"http://{LONG_NAME}/none.xml": f"http {LONG_NAME} 80 /none.xml",
        "http://1_pbx.10-x.example:00080/none.xml": "http 1_pbx.10-x.example 80 /none.xml",
    }.items():
        dns.answer(due.split()[1], host)
        asked = history.mark()
        web.resync(rule)
        history.check(rule[:40], seen=logged(history, handset, asked), due=due)
        within = handset.timing.give_up + handset.timing.step
        history.wait(SyslogMessage, after=asked, text="failed", within=within)


@requirement("rules.url")
def test_the_port_of_a_base_uri_is_that_of_its_own_scheme_only(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    http_8080: HttpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=http_8080.url("").removesuffix("/"))
    http_8080.serve("/a.xml", b"<flat-profile/>")
    http_8080.serve("/b.xml", b"<flat-profile/>")
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule="/a.xml",
        Profile_Rule_B="http:///b.xml",
        Profile_Rule_C="tftp:///c.xml",
    )
    fetched(history, handset, lease, 3)
    asked = history.all(ProvisioningRequest, after=lease)
    seen = [(each.scheme, each.port, each.path) for each in asked]
    due = [("http", 8080, "/a.xml"), ("http", 8080, "/b.xml"), ("tftp", 69, "/c.xml")]
    history.check("scheme, port and path", seen=seen, due=due)
