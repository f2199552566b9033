"""DHCP options 43 and 125 as DHCP_Option_To_Use lists them: text with a scheme in a sub-option.

43 holds sub-options of code, length and value (RFC 2132 section 8.4); 125 holds blocks of an
enterprise number each, with sub-options in them (RFC 3925 section 4). Cisco's number is 9. Which
sub-option carries the text is not published, so any may.
"""

from __future__ import annotations

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import ProvisioningRequest, TftpRequest
from hil.marks import quick, reading, requirement
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched

CISCO = 9
ANOTHER_VENDOR = 3561


@reading(dhcp_vendor_content="text")
@requirement("dhcp.vendor_options")
def test_option_43_may_hold_the_url_in_its_first_sub_option(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(option_43={1: f"http://{http.address}/first.xml"})
    lease = boot_to_lease(history, handset)
    history.check("the URL", seen=fetched(history, handset, lease, 1), due=["/first.xml"])


@reading(dhcp_vendor_content="text")
@requirement("dhcp.vendor_options")
def test_option_43_may_hold_the_url_after_sub_options_that_are_no_text(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(option_43={1: bytes(4), 2: b"\x00\xff\x80", 254: f"http://{http.address}/last.xml"})
    lease = boot_to_lease(history, handset)
    history.check("the URL", seen=fetched(history, handset, lease, 1), due=["/last.xml"])


@reading(dhcp_vendor_content="text")
@requirement("dhcp.vendor_options")
def test_pads_between_sub_options_and_an_end_mark_are_no_sub_options(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    url = f"http://{http.address}/padded.xml".encode()
    padded = b"\x00\x01\x02ab\x00\x00\x07" + bytes((len(url),)) + url + b"\xff\x00\x00"
    dhcp.offer(option_43=padded)
    lease = boot_to_lease(history, handset)
    history.check("the URL", seen=fetched(history, handset, lease, 1), due=["/padded.xml"])


@requirement("dhcp.vendor_options")
def test_option_43_that_carries_no_url_leaves_the_choice_to_the_next_of_the_list(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_43={1: "PXEClient", 6: b"\x08"}, option_66=tftp.address)
    lease = boot_to_lease(history, handset, DHCP_Option_To_Use="43,66")
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=handset.timing.step)


@reading(dhcp_vendor_content="text")
@requirement("dhcp.vendor_options")
def test_of_option_125_the_block_of_cisco_counts_wherever_it_stands(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(
        option_125={
            ANOTHER_VENDOR: {1: f"http://{http.address}/foreign.xml"},
            CISCO: {1: f"http://{http.address}/cisco.xml"},
        }
    )
    lease = boot_to_lease(history, handset)
    history.check("the URL", seen=fetched(history, handset, lease, 1), due=["/cisco.xml"])


@requirement("dhcp.vendor_options")
def test_option_125_of_another_enterprise_alone_names_no_server(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(option_125={ANOTHER_VENDOR: {1: f"http://{http.address}/foreign.xml"}})
    lease = boot_to_lease(history, handset)
    history.expect_none(ProvisioningRequest, after=lease, within=3600)


@reading(dhcp_vendor_content="text")
@quick
@requirement("dhcp.vendor_options")
def test_option_125_may_hold_the_url_in_its_second_sub_option(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(option_125={CISCO: {5: b"\x00\x01", 1: f"http://{http.address}/second.xml"}})
    lease = boot_to_lease(history, handset)
    history.check("the URL", seen=fetched(history, handset, lease, 1), due=["/second.xml"])
