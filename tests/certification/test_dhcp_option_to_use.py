"""DHCP_Option_To_Use: "DHCP options, delimited by commas, used to retrieve firmware and profiles.
The default value is 66,160,159,150,60,43,125."

Options 66 and 160 hold a host, a base URI or a whole rule, 159 and 150 addresses; 60, 43 and 125 hold
text with a scheme, 43 and 125 in their sub-options. An address that nobody has stands for a server
that must not be asked.
"""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DnsQuery, HttpRequest, ProvisioningRequest, TftpRequest
from hil.marks import quick, reading, requirement, smoke
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched, logged
from hil.wire.dhcp_options import VendorBlock, format_suboptions

CISCO = 9
ANOTHER_VENDOR = 3561
NOBODY = "192.0.2.99"
LONG_NAME = ".".join(["a" * 63] * 3 + ["b" * 61])
"""A host name of 253 characters (RFC 1123 section 2.1)."""


@requirement("dhcp.option_to_use")
def test_option_66_names_the_server_by_its_address(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(history, handset)
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=handset.timing.step)


@quick
@requirement("dhcp.option_to_use")
def test_option_66_names_the_server_by_a_name_that_is_looked_up(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    dns.answer("pbx.example", tftp.address)
    dhcp.offer(option_66="pbx.example")
    lease = boot_to_lease(history, handset)
    query = history.expect(DnsQuery, name="pbx.example", after=lease, within=handset.timing.step)
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=query, within=handset.timing.step)


@reading(dhcp_server_name="any-form")
@requirement("dhcp.option_to_use")
def test_option_66_may_hold_a_base_uri(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=f"http://{http.address}:80")
    lease = boot_to_lease(history, handset)
    history.expect(HttpRequest, path="/7832-3PCC.xml", after=lease, within=handset.timing.step)


@reading(dhcp_server_name="any-form")
@requirement("dhcp.option_to_use")
def test_option_66_may_hold_a_url_with_macros(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=f"http://{http.address}/app/provision/?model=$PSN")
    lease = boot_to_lease(history, handset)
    asked = fetched(history, handset, lease, 1)
    history.check("the URL", seen=asked, due=["/app/provision/?model=7832-3PCC"])


@reading(dhcp_server_name="any-form")
@smoke
@quick
@requirement("dhcp.option_to_use")
def test_option_160_may_hold_a_url_with_macros(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(option_160=f"http://{http.address}/lang_ja/$PSN.xml")
    lease = boot_to_lease(history, handset)
    asked = fetched(history, handset, lease, 1)
    history.check("the URL", seen=asked, due=["/lang_ja/7832-3PCC.xml"])


@requirement("dhcp.option_to_use")
def test_option_159_names_the_server_by_its_address(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_159=tftp.address)
    lease = boot_to_lease(history, handset)
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=handset.timing.step)


@quick
@requirement("dhcp.option_to_use")
def test_option_150_names_the_server_by_its_address(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_150=tftp.address)
    lease = boot_to_lease(history, handset)
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=handset.timing.step)


@reading(dhcp_vendor_content="text")
@requirement("dhcp.option_to_use")
def test_option_60_may_hold_a_url(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(option_60=f"http://{http.address}/60.xml")
    lease = boot_to_lease(history, handset)
    history.check("the URL", seen=fetched(history, handset, lease, 1), due=["/60.xml"])


@reading(dhcp_vendor_content="text")
@requirement("dhcp.option_to_use")
def test_option_43_may_hold_a_url_in_a_sub_option(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    url = f"http://{http.address}/43.xml".encode()
    dhcp.offer(option_43=format_suboptions([(1, b"\x00\x01"), (2, url)]))
    lease = boot_to_lease(history, handset)
    history.check("the URL", seen=fetched(history, handset, lease, 1), due=["/43.xml"])


@reading(dhcp_vendor_content="text")
@requirement("dhcp.option_to_use")
def test_option_125_may_hold_a_url_in_the_block_of_cisco(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    foreign = format_suboptions([(1, f"http://{http.address}/foreign.xml".encode())])
    own = format_suboptions([(1, f"http://{http.address}/125.xml".encode())])
    dhcp.offer(option_125=[VendorBlock(ANOTHER_VENDOR, foreign), VendorBlock(CISCO, own)])
    lease = boot_to_lease(history, handset)
    history.check("the URL", seen=fetched(history, handset, lease, 1), due=["/125.xml"])


@reading(dhcp_server_name="any-form")
@requirement("dhcp.option_to_use")
@reading(
    dhcp_server_name="any-form", log_default_port="shown", psn="7832-3PCC", scheme_case="lower"
)
@pytest.mark.parametrize(
    ("content", "due"),
    [
        ("HOST:1", "tftp HOST 1 /7832-3PCC.xml"),
        ("HOST:65535", "tftp HOST 65535 /7832-3PCC.xml"),
        ("  HOST/\x00\x00", "tftp HOST 69 /7832-3PCC.xml"),
        ("HTTP://HOST:8080/", "http HOST 8080 /7832-3PCC.xml"),
        ("https://HOST", "https HOST 443 /7832-3PCC.xml"),
        ("HOST:6900/x.xml", "tftp HOST 6900 /x.xml"),
        ("http://$A:8080/$B.xml", "http HOST 8080 /b.xml"),
        ("$A/$B.xml", "tftp HOST 69 /b.xml"),
        ("(1 eq 2)? http://HOST/no.xml | http://HOST/yes.xml", "http HOST 80 /yes.xml"),
        ("[--uid a --pwd b] http://HOST:8080/x.xml", "http HOST 8080 /x.xml"),
        (LONG_NAME, f"tftp {LONG_NAME} 69 /7832-3PCC.xml"),
        ("pbx_1.7-x.example:70", "tftp pbx_1.7-x.example 70 /7832-3PCC.xml"),
    ],
)
def test_forms_of_a_server_name(
    content: str,
    due: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    dns: DnsEndpoint,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    history: History,
) -> None:
    host = str(tftp.address)
    content, due = content.replace("HOST", host), due.replace("HOST", host)
    dns.answer(due.split()[1], host)
    dhcp.offer(raw={66: content.encode()})
    lease = boot_to_lease(
        history,
        handset,
        GPP_A=host,
        GPP_B="b",
        Log_Request_Msg="$SCHEME $SERV $PORT $PATH",
        Syslog_Server=syslog.address,
    )
    history.check("what is asked for", seen=logged(history, handset, lease), due=due)


@requirement("dhcp.option_to_use")
@reading(psn="7832-3PCC")
@pytest.mark.parametrize("code", [159, 150])
@pytest.mark.parametrize("content", ["HOST", " HOST , 192.0.2.99 ", "0.0.0.0,HOST"])
def test_addresses_may_be_written_as_text(
    content: str,
    code: int,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    dhcp.offer(raw={code: content.replace("HOST", str(tftp.address)).encode()})
    lease = boot_to_lease(history, handset)
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=handset.timing.step)


@requirement("dhcp.option_to_use.default", "dhcp.option_to_use")
def test_by_default_66_comes_before_all_others(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(
        option_43=f"http://{http.address}/43.xml".encode(),
        option_60=f"http://{http.address}/60.xml",
        option_66=f"http://{http.address}/66.xml",
        option_150=NOBODY,
        option_159=NOBODY,
        option_160=f"http://{http.address}/160.xml",
    )
    lease = boot_to_lease(history, handset)
    history.check("the option", seen=fetched(history, handset, lease, 1), due=["/66.xml"])


@reading(dhcp_server_name="any-form")
@requirement("dhcp.option_to_use.default", "dhcp.option_to_use")
def test_by_default_160_comes_before_159_150_60_and_43(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(
        option_43=f"http://{http.address}/43.xml".encode(),
        option_60=f"http://{http.address}/60.xml",
        option_150=NOBODY,
        option_159=NOBODY,
        option_160=f"http://{http.address}/160.xml",
    )
    lease = boot_to_lease(history, handset)
    history.check("the option", seen=fetched(history, handset, lease, 1), due=["/160.xml"])


@requirement("dhcp.option_to_use.default", "dhcp.option_to_use")
def test_by_default_159_comes_before_150(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_150=NOBODY, option_159=tftp.address)
    lease = boot_to_lease(history, handset)
    history.expect(TftpRequest, after=lease, within=handset.timing.step)


@reading(dhcp_vendor_content="text")
@requirement("dhcp.option_to_use.default", "dhcp.option_to_use")
def test_by_default_60_comes_before_43(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(
        option_43=f"http://{http.address}/43.xml".encode(),
        option_60=f"http://{http.address}/60.xml",
    )
    lease = boot_to_lease(history, handset)
    history.check("the option", seen=fetched(history, handset, lease, 1), due=["/60.xml"])


@reading(dhcp_server_name="any-form")
@quick
@requirement("dhcp.option_to_use")
def test_the_order_of_the_list_is_the_order_of_preference(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(
        option_43=f"http://{http.address}/43.xml".encode(),
        option_66=f"http://{http.address}/66.xml",
        option_160=f"http://{http.address}/160.xml",
    )
    lease = boot_to_lease(history, handset, DHCP_Option_To_Use="160,66,43")
    history.check("the option", seen=fetched(history, handset, lease, 1), due=["/160.xml"])


@requirement("dhcp.option_to_use")
def test_an_option_that_is_not_listed_is_not_used(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address)
    lease = boot_to_lease(history, handset, DHCP_Option_To_Use="160,159,150")
    history.expect_none(ProvisioningRequest, after=lease, within=3600)
