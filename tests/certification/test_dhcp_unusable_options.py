"""A DHCP option whose content names no server leaves the choice to the next of DHCP_Option_To_Use.

So does an entry of the list that is no option which names servers.
"""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import TftpRequest
from hil.marks import needs, reading, requirement
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched

NO_SERVER = (
    "#http://192.0.2.99/a.xml",
    "#$A/a.xml",
    "(x)",
    "($A)",
    "ftp://192.0.2.99/",
    "http://",
    "192.0.2.99:0",
    "192.0.2.99:65536",
    "192.0.2.99:tftp",
    "two words",
    "http://192.0.2.99/two words.xml",
    "192.0.2.256",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "-pbx.example",
    "a." * 127 + "example",
    ".".join(["a" * 63] * 3 + ["b" * 62]),
    b"\xff\xfepbx",
    b"\x00\x00",
)
NO_ADDRESSES = (
    bytes(4),
    bytes((224, 0, 0, 1)),
    bytes((240, 0, 0, 1)),
    bytes((192, 0, 2, 99, 1)),
    b"http://192.0.2.99/a.xml/",
)
NO_URL = (
    {1: "192.0.2.99"},
    {1: "ftp://192.0.2.99/a.xml"},
    b"\x01\xf0http://192.0.2.99/torn.xml",
    b"\x01\x02ab\xff\x00\x01\x1bhttp://192.0.2.99/after.xml",
    b"\x01",
)


@reading(dhcp_server_name="any-form")
@requirement("dhcp.option_to_use")
@pytest.mark.parametrize("content", NO_SERVER, ids=repr)
def test_a_server_name_that_is_none(
    content: str | bytes,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    http: HttpEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_66=content, option_160=f"http://{http.address}/160.xml")
    lease = boot_to_lease(history, handset)
    history.check("the URL", seen=fetched(history, handset, lease, 1), due=["/160.xml"])


@requirement("dhcp.option_to_use")
@pytest.mark.parametrize("code", [159, 150])
@pytest.mark.parametrize("content", NO_ADDRESSES, ids=repr)
def test_addresses_that_are_no_host_s(
    content: bytes,
    code: int,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    dhcp.offer(raw={code: content, 66: str(tftp.address).encode()})
    lease = boot_to_lease(history, handset, DHCP_Option_To_Use=f"{code},66")
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=handset.timing.step)


@requirement("dhcp.option_to_use")
def test_of_several_addresses_the_first_that_is_a_host_s_counts(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    addresses = ("0.0.0.0", "224.0.0.1", str(tftp.address), "192.0.2.99")
    packed = b"".join(IPv4Address(each).packed for each in addresses)
    dhcp.offer(raw={150: packed})
    lease = boot_to_lease(history, handset)
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=handset.timing.step)


@requirement("dhcp.vendor_options", "dhcp.option_to_use")
@pytest.mark.parametrize("content", NO_URL, ids=repr)
def test_a_vendor_option_without_a_url(
    content: dict[int, str] | bytes,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    dhcp.offer(option_43=content, option_66=tftp.address)
    lease = boot_to_lease(history, handset, DHCP_Option_To_Use="43,66")
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=handset.timing.step)


@requirement("dhcp.option_to_use")
@pytest.mark.parametrize(
    ("code", "content"),
    [
        (125, b"\x00\x00\x00\x03\x19http://192.0.2.99/cmu.xml"),
        (125, b"\x00\x00\x00\x09\x00\x00\x00\x00\x09"),
        (125, b"\x00\x00\x00\x09\xf0http://192.0.2.99/torn.xml"),
        (60, b"\x00\x00\x00\x09\x19http://192.0.2.99/060.xml"),
        (60, b"192.0.2.99"),
    ],
    ids=["another-enterprise", "cut-short", "torn", "not-text", "no-scheme"],
)
def test_a_vendor_s_data_that_is_no_url(
    code: int,
    content: bytes,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    history: History,
) -> None:
    dhcp.offer(raw={code: content, 66: str(tftp.address).encode()})
    lease = boot_to_lease(history, handset, DHCP_Option_To_Use=f"{code},66")
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=handset.timing.step)


@requirement("dhcp.option_to_use")
@pytest.mark.parametrize(
    "listed", ["67,66", pytest.param(" 66 ", marks=needs("flash_access")), "66,66"]
)
def test_an_entry_of_the_list_that_names_no_such_option(
    listed: str, handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(raw={66: str(tftp.address).encode(), 67: b"192.0.2.99"})
    lease = boot_to_lease(history, handset, DHCP_Option_To_Use=listed)
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=handset.timing.step)
