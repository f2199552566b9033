"""Where an option stands in a DHCP message, and in how many parts, makes no difference.

Option 52 lets options continue in the header's fields ``file`` and ``sname`` (RFC 2132 section 9.3).
A value of more than 255 octets is sent as several options of one code, whose contents belong together
(RFC 3396).
"""

from __future__ import annotations

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import TftpRequest
from hil.marks import quick, reading, requirement
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched

NOBODY = "192.0.2.99"
LONG_PATH = "/" + "directory/" * 26 + "profile.xml"
"""272 octets, more than one option holds."""


@requirement("dhcp.option_overload")
def test_an_option_in_the_file_field_is_read(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    dhcp.offer(option_66=tftp.address, in_file=[66])
    lease = boot_to_lease(history, handset)
    history.expect(TftpRequest, path="/7832-3PCC.xml", after=lease, within=handset.timing.step)


@reading(dhcp_server_name="any-form")
@quick
@requirement("dhcp.option_overload")
def test_an_option_in_the_sname_field_is_read(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(option_160=f"http://{http.address}/160.xml", in_sname=[160])
    lease = boot_to_lease(history, handset)
    history.check("the URL", seen=fetched(history, handset, lease, 1), due=["/160.xml"])


@reading(dhcp_server_name="any-form")
@requirement("dhcp.option_overload")
def test_the_order_of_preference_does_not_depend_on_the_field(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(
        option_66=f"http://{http.address}/66.xml",
        option_160=f"http://{http.address}/160.xml",
        option_150=NOBODY,
        in_sname=[66],
        in_file=[160],
    )
    lease = boot_to_lease(history, handset)
    history.check("the option", seen=fetched(history, handset, lease, 1), due=["/66.xml"])


@reading(dhcp_server_name="any-form")
@requirement("dhcp.long_options")
def test_a_url_of_more_than_255_octets_is_put_together(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(option_160=f"http://{http.address}{LONG_PATH}")
    lease = boot_to_lease(history, handset)
    history.check("the URL", seen=fetched(history, handset, lease, 1), due=[LONG_PATH])


@reading(dhcp_vendor_content="text")
@requirement("dhcp.long_options", "dhcp.vendor_options")
def test_a_sub_option_may_lie_across_the_end_of_the_first_part(
    handset: HandsetControl, dhcp: DhcpEndpoint, http: HttpEndpoint, history: History
) -> None:
    dhcp.offer(option_43={1: bytes(240), 2: f"http://{http.address}/across.xml"})
    lease = boot_to_lease(history, handset)
    history.check("the URL", seen=fetched(history, handset, lease, 1), due=["/across.xml"])
