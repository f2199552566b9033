"""HTTP_User_Agent_Name: how the phone names itself to HTTP servers."""

from __future__ import annotations

from hil.clients.web import PhoneWeb
from hil.endpoints.http import HttpEndpoint
from hil.history import History
from hil.history.events import HttpRequest
from hil.marks import quick, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, idle_phone, next_transfer, soon


@requirement("transfer.user_agent")
def test_by_default_it_is_maker_product_version_and_mac_address(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    lease = boot_to_lease(history, handset, Profile_Rule=http.url("/a.xml"))
    request = history.expect(HttpRequest, after=lease, within=soon(handset))
    identity = handset.identity
    due = f"Cisco-CP-7832-3PCC/{identity.version} ({identity.ma})"
    history.check("User-Agent", seen=request.header("user-agent"), due=due)


@quick
@requirement("transfer.user_agent")
def test_the_parameter_is_expanded(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Profile_Rule=http.url("/a.xml"),
        HTTP_User_Agent_Name="$PN at $MAU, $SN; $A",
        GPP_A="room 7",
    )
    request = history.expect(HttpRequest, after=lease, within=soon(handset))
    identity = handset.identity
    due = f"CP-7832-3PCC at {identity.mau}, {identity.serial}; room 7"
    history.check("User-Agent", seen=request.header("user-agent"), due=due)


@requirement("transfer.user_agent")
def test_what_a_profile_sets_names_the_phone_from_the_next_request_on(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    http.serve("/a.xml", flat_profile(HTTP_User_Agent_Name="renamed"))
    asked = idle_phone(history, handset, Profile_Rule=http.url("/a.xml"))
    web.resync()
    next_transfer(history, handset, asked)
    history.sleep(handset.timing.step)
    again = history.mark()
    web.resync()
    request = history.expect(HttpRequest, after=again, within=soon(handset))
    history.check("User-Agent", seen=request.header("user-agent"), due="renamed")


@requirement("transfer.user_agent")
def test_a_report_names_the_phone_too(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    lease = boot_to_lease(
        history,
        handset,
        Resync_On_Reset="No",
        Report_Rule=http.url("/report"),
        HTTP_User_Agent_Name="phone $MA",
    )
    request = history.expect(HttpRequest, after=lease, method="POST", within=soon(handset))
    due = f"phone {handset.identity.ma}"
    history.check("User-Agent", seen=request.header("user-agent"), due=due)
