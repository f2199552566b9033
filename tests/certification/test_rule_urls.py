"""What a rule's URL leaves out: "If no protocol is specified, TFTP is assumed. If no port is
specified, the default port is used (69 for TFTP, 80 for HTTP, or 443 for HTTPS)."
"""

from __future__ import annotations

from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DnsQuery, HttpRequest, TftpRequest
from hil.marks import quick, requirement
from hil.testbed.bench import HTTPS_NAME
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease


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
