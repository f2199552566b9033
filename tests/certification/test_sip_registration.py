"""Registration: a line's account, its credentials, its transport, and how long a binding lasts."""

from __future__ import annotations

import re

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_faults import SipStatus
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import Direction, SipMessage
from hil.marks import needs, quick, requirement, smoke
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import next_transfer, provision, soon
from hil.testing.sip import (
    account,
    boot,
    boot_registered,
    expect_register,
    expect_request,
    first_register,
    header,
    refusal,
    registered,
)
from hil.wire.sip_digest import Algorithm

HOUR = 3600.0


@smoke
@quick
@requirement("sip.registration")
@pytest.mark.parametrize("algorithm", [Algorithm.MD5, Algorithm.SHA_256], ids=str)
def test_a_line_answers_its_proxys_challenge(
    handset: HandsetControl, sip: SipEndpoint, history: History, algorithm: Algorithm
) -> None:
    sip.authenticate(algorithm)
    up = boot(history, handset, sip)
    challenged = history.wait(
        SipMessage,
        after=up,
        within=handset.boot_limit + handset.timing.boot,
        direction=Direction.SENT,
        method="REGISTER",
        status=401,
    )
    again = expect_request(history, handset, challenged, "REGISTER", to_user="line1")
    shown = header(again, "Authorization")
    history.check("the credentials' user", seen='username="line1"' in shown, due=True)
    history.expect(
        SipMessage,
        after=again,
        within=soon(handset),
        direction=Direction.SENT,
        method="REGISTER",
        status=200,
    )
    history.check("line 1 is registered", seen=sip.registered(1), due=True)


@quick
@requirement("sip.registration")
def test_both_lines_register_each_with_its_own_account(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    up = boot(history, handset, sip, **account(sip, 2))
    for line in (1, 2):
        within = handset.boot_limit + handset.timing.boot
        history.expect(
            SipMessage,
            after=up,
            within=within,
            direction=Direction.SENT,
            method="REGISTER",
            status=200,
            to_user=f"line{line}",
        )


@requirement("sip.registration")
def test_auth_id_is_the_user_of_the_credentials(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    up = boot(history, handset, sip, Auth_ID_1_="somebody")
    asked = history.expect(
        SipMessage,
        after=up,
        within=handset.boot_limit + handset.timing.boot,
        direction=Direction.RECEIVED,
        method="REGISTER",
        to_user="line1",
        where=lambda e: bool(header(e, "Authorization")),
    )
    shown = re.search(r'username="([^"]*)"', header(asked, "Authorization"))
    history.check("the user", seen=shown and shown[1], due="somebody")


@requirement("sip.registration")
def test_wrong_credentials_are_not_shown_again_and_again(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    """A client must not repeat what was rejected (RFC 3261 section 22.2)."""
    sip.account(1, "line1", "another password")
    first = first_register(history, handset, boot(history, handset, sip, Password_1_="password1"))
    history.sleep(60)
    tried = history.all(SipMessage, after=first, direction=Direction.RECEIVED, method="REGISTER")
    answers = [each for each in tried if header(each, "Authorization")]
    history.check("REGISTERs with credentials in a minute", seen=len(answers), due=1)


@requirement("sip.registration")
@pytest.mark.parametrize("seconds", [60, 1800])
def test_a_line_asks_for_register_expires(
    handset: HandsetControl, sip: SipEndpoint, history: History, seconds: int
) -> None:
    up = boot(history, handset, sip, Register_Expires_1_=str(seconds))
    asked = first_register(history, handset, up)
    history.check("the lifetime that it asks for", seen=asked.expires, due=seconds)


@requirement("sip.registration")
def test_a_line_registers_again_before_its_registration_expires(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    granted = boot_registered(history, handset, sip, Register_Expires_1_="120")
    for _ in range(4):
        asked = expect_register(history, handset, granted, 0, 120)
        granted = registered(history, handset, asked)


@requirement("sip.registration")
def test_the_proxys_shorter_lifetime_counts(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.grant(90)
    granted = boot_registered(history, handset, sip, Register_Expires_1_="3600")
    for _ in range(4):
        asked = expect_register(history, handset, granted, 0, 90)
        granted = registered(history, handset, asked)


@quick
@requirement("sip.registration")
def test_a_423_is_answered_with_a_longer_lifetime(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.grant(3600, least=300)
    up = boot(history, handset, sip, Register_Expires_1_="60")
    refused = history.wait(
        SipMessage,
        after=up,
        within=handset.boot_limit + handset.timing.boot,
        direction=Direction.SENT,
        method="REGISTER",
        status=423,
    )
    longer = expect_request(history, handset, refused, "REGISTER")
    history.check(
        "what it asks for", seen=longer.expires, due="300 or more", passed=longer.expires >= 300
    )


@requirement("sip.registration")
def test_a_lifetime_beyond_reg_max_expires_is_not_asked_for(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    """Of a larger Min-Expires the maximum is used; refused with that, the registration has failed."""
    sip.grant(3600, least=300)
    up = boot(history, handset, sip, Register_Expires_1_="60", Reg_Max_Expires="120")
    refused = refusal(history, handset, up, 423)
    longer = expect_register(history, handset, refused, 0, soon(handset))
    history.check("what it asks for", seen=longer.expires, due=120)
    refused = refusal(history, handset, longer, 423, within=soon(handset))
    asked = expect_register(history, handset, refused, 1200, 1200)
    history.check("what it asks for a round later", seen=asked.expires, due=60)


@quick
@requirement("sip.registration")
@pytest.mark.parametrize("transport", ["UDP", "TCP", pytest.param("TLS", marks=needs("https"))])
def test_sip_transport_chooses_how_it_registers(
    handset: HandsetControl, sip: SipEndpoint, history: History, transport: str
) -> None:
    up = boot(history, handset, sip, SIP_Transport_1_=transport)
    within = handset.boot_limit + handset.timing.boot
    history.expect(
        SipMessage,
        after=up,
        within=within,
        direction=Direction.SENT,
        method="REGISTER",
        status=200,
        transport=transport,
    )
    other = [
        each.transport for each in history.all(SipMessage, after=up) if each.transport != transport
    ]
    history.check("messages over another transport", seen=other, due=[])


@requirement("sip.registration")
@pytest.mark.parametrize(
    "without", [{"Line_Enable_1_": "No"}, {"Register_1_": "No"}, {"User_ID_1_": ""}], ids=str
)
def test_a_line_that_may_not_register_does_not(
    handset: HandsetControl, sip: SipEndpoint, history: History, without: dict[str, str]
) -> None:
    up = boot(history, handset, sip, **without | account(sip, 2))
    registered(history, handset, up, line=2)
    history.expect_none(
        SipMessage,
        after=up,
        within=HOUR,
        direction=Direction.RECEIVED,
        method="REGISTER",
        where=lambda event: event.to_user != "line2",
    )


@requirement("sip.registration")
def test_the_outbound_proxy_is_asked_for_the_proxys_domain(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    up = boot(history, handset, sip, Proxy_1_="sip.example", Outbound_Proxy_1_=sip.address)
    within = handset.boot_limit + handset.timing.boot
    asked = history.expect(
        SipMessage, after=up, within=within, direction=Direction.RECEIVED, method="REGISTER"
    )
    history.check("the Request-URI", seen=asked.request_uri, due="sip:sip.example")


@requirement("sip.registration")
def test_an_account_from_a_profile_is_registered(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    sip: SipEndpoint,
    history: History,
) -> None:
    provision(dhcp, tftp, **account(sip), Resync_Periodic="0")
    up = handset.boot(Resync_Random_Delay="0")
    within = handset.boot_limit + handset.timing.boot + handset.timing.restart
    history.expect(
        SipMessage,
        after=up,
        within=within,
        direction=Direction.SENT,
        method="REGISTER",
        status=200,
        to_user="line1",
    )


@requirement("sip.registration")
@pytest.mark.parametrize("changed", ["User_ID_1_", "Proxy_1_"])
def test_an_account_that_a_profile_changes_is_registered_anew(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    sip: SipEndpoint,
    backup_sip: SipEndpoint,
    web: PhoneWeb,
    history: History,
    changed: str,
) -> None:
    """The old registration would have lasted for an hour."""
    sip.authenticate()
    account_2 = {"User_ID_1_": "line2", "Password_1_": sip.settings.account(2).password}
    elsewhere = {"Proxy_1_": f"{sip.address}:{backup_sip.port}"}
    tftp.serve("/new.xml", flat_profile(**account_2 if changed == "User_ID_1_" else elsewhere))
    boot_registered(history, handset, sip)
    history.sleep(60)
    asked = history.mark()
    web.resync("/new.xml")
    history.expect(
        SipMessage,
        after=asked,
        within=handset.boot_limit + handset.timing.boot + handset.timing.restart,
        source="sip" if changed == "User_ID_1_" else "backup-sip",
        direction=Direction.SENT,
        method="REGISTER",
        status=200,
        to_user="line2" if changed == "User_ID_1_" else "line1",
    )


@requirement("sip.registration")
@pytest.mark.parametrize("switch", ["Register_1_", "Line_Enable_1_"])
def test_a_profile_can_end_a_lines_registrations(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    sip: SipEndpoint,
    web: PhoneWeb,
    history: History,
    switch: str,
) -> None:
    tftp.serve("/new.xml", flat_profile(**{switch: "No"}))
    boot_registered(history, handset, sip, Register_Expires_1_="600")
    asked = history.mark()
    web.resync("/new.xml")
    synced = next_transfer(history, handset, asked)
    history.sleep(handset.timing.step)
    # What is sent to end the binding at once is no registration.
    refreshed = history.all(
        SipMessage, after=synced, direction=Direction.RECEIVED, method="REGISTER"
    )
    history.sleep(HOUR)
    later = history.all(SipMessage, after=synced, direction=Direction.RECEIVED, method="REGISTER")
    history.check("REGISTERs in the next hour", seen=len(later) - len(refreshed), due=0)


@requirement("sip.registration")
def test_a_refused_refresh_does_not_last(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    """What the proxy refuses once is tried again, and granted then."""
    granted = boot_registered(history, handset, sip, Register_Expires_1_="60", Retry_Reg_RSC="500")
    sip.inject(SipStatus(500), nth=1, name="REGISTER")
    refused = expect_register(history, handset, granted, 0, 60)
    again = expect_register(history, handset, refused, 30, 30)
    history.expect(
        SipMessage,
        after=again,
        within=2 * soon(handset),
        direction=Direction.SENT,
        method="REGISTER",
        status=200,
    )
