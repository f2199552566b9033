"""A phone that boots although nobody asked it to, or has no lease or link for a while, is not blamed.

What it owes when it can be seen again is owed all the same.
"""

from __future__ import annotations

import pytest
import tellings
from histories import LAB, PATH, PHONE, Story, booted, findings, monitored, packed

from hil.history import events as ev
from hil.loads import load_files
from hil.reference.profile_builder import flat_profile

ONCE = {"Resync_Periodic": "0"}
NEW = "sip7832.11-3-2MPP0001-610"


def broken(story: Story) -> list[str]:
    return [finding.requirement for finding in findings(story)]


def boots(story: Story, at: float, *, discovers: int = 1, **options: bytes) -> Story:
    """It boots and has its lease 5 s later; with no DISCOVER it asks for the one that it had."""
    for again in range(discovers):
        story.tell(at + again, tellings.dhcp("DISCOVER"))
    return story.tell(at + 4.9, tellings.dhcp("REQUEST")).lease(at + 5)


def link(story: Story, at: float, *, up: bool) -> Story:
    return story.tell(at, ev.LinkChanged(source="net", up=up))


def nak(story: Story, at: float) -> Story:
    return story.tell(
        at, ev.DhcpMessage(direction=ev.Direction.SENT, kind="NAK", mac="", xid=2, source="dhcp")
    )


# --- boots


def test_messages_of_a_boot_may_come_again_and_again() -> None:
    story = Story().started().prepared(Resync_Random_Delay="0").power(1, "on")
    boots(story, 5, discovers=4)
    assert broken(story.fetch(10, **ONCE).ended(100)) == []


@pytest.mark.parametrize("discovers", [0, 1, 3])
def test_a_phone_that_reboots_after_a_profile_changed_something(discovers: int) -> None:
    """The specification knows such reboots; whether a resync follows depends on what it was."""

    def story() -> Story:
        told = booted().fetch(10, GPP_A="new", Resync_Periodic="0", Resync_Random_Delay="0")
        return boots(told, 50, discovers=discovers)

    assert broken(story().ended(500)) == []
    assert broken(story().fetch(55, **ONCE).ended(500)) == []


def test_what_it_left_out_since_its_last_sign_of_life_was_its_boot() -> None:
    def story() -> Story:
        return booted().fetch(10, Resync_Periodic="20", Resync_Random_Delay="0")

    assert broken(story().ended(60)) == ["resync.periodic"]
    again = boots(story(), 50).fetch(55, **ONCE)
    assert broken(again.ended(60)) == []


def test_a_sign_of_life_shows_that_it_was_there() -> None:
    story = booted().fetch(10, Resync_Periodic="20", Resync_Random_Delay="0")
    story.tell(45, tellings.time_asked())
    assert broken(boots(story, 50).fetch(55, **ONCE).ended(60)) == ["resync.periodic"]


def test_a_boot_that_comes_too_late_excuses_nothing() -> None:
    story = booted().fetch(10, Resync_Periodic="20", Resync_Random_Delay="0")
    assert broken(boots(story, 300).fetch(305, **ONCE).ended(310)) == ["resync.periodic"]


def test_a_phone_that_crashes_in_the_midst_of_a_resync() -> None:
    story = booted(Profile_Rule_B="/b.xml", Resync_Random_Delay="0").fetch(10, GPP_A="new")
    boots(story, 60).fetch(65).fetch(65.5, "/b.xml", **ONCE)
    assert broken(story.ended(100)) == []


def test_after_a_crash_it_owes_its_power_up_resync_unless_it_was_an_update() -> None:
    """Without any change there was none, so that nothing but Resync_On_Reset can count."""
    crashed = booted(Resync_On_Reset="Yes", Resync_Random_Delay="0").not_found(10)
    assert broken(boots(crashed, 30).ended(100)) != []
    crashed = booted(Resync_On_Reset="Yes", Resync_Random_Delay="0").not_found(10)
    assert broken(boots(crashed, 30).fetch(35, **ONCE).ended(100)) == []


def test_a_boot_loader_with_a_lease_of_its_own() -> None:
    story = boots(booted(Resync_Random_Delay="0"), 25).fetch(30, **ONCE)
    assert broken(story.ended(100)) == []


def test_a_reboot_that_was_asked_for_needs_no_excuse() -> None:
    story = booted(Resync_Random_Delay="0").fetch(10, **ONCE)
    story.tell(20, tellings.web_requested(1, "/admin/reboot")).tell(
        20.1, tellings.web_answered(1, 200)
    )
    boots(story, 60)
    assert broken(story.ended(100)) == ["resync.on_reset"]
    assert monitored(story).checks["web.reboot"] == 1


# --- leases


def test_a_renewal_is_no_boot_whomever_it_asks() -> None:
    for destination in (LAB, "255.255.255.255"):
        story = booted().fetch(10, Resync_Periodic="600")
        story.tell(300, tellings.dhcp("REQUEST", ciaddr=PHONE, destination=destination))
        assert broken(story.lease(300.1).fetch(610.1, **ONCE).ended(650)) == []


def test_a_phone_without_a_lease_owes_nothing_until_it_has_one() -> None:
    def story() -> Story:
        told = nak(booted(Resync_On_Reset="No", **ONCE), 20)
        return told.tell(21, tellings.dhcp("DISCOVER"))

    asked = story().tell(30, tellings.screen("resync"))
    assert broken(asked.ended(3000)) == []
    late = story().tell(19.5, tellings.screen("resync"))
    assert broken(late.lease(500).fetch(500.5, **ONCE).ended(600)) == []


def test_what_fell_due_meanwhile_is_owed_when_it_has_a_lease_again() -> None:
    def story() -> Story:
        told = nak(booted(Resync_On_Reset="Yes").fetch(10, Resync_Periodic="600"), 400)
        return told.tell(401, tellings.dhcp("DISCOVER")).lease(5000)

    assert broken(story().fetch(5000.4, **ONCE).ended(5100)) == []
    # It may have booted, after the change of a parameter: then its period counts from there.
    assert broken(story().fetch(5600, **ONCE).ended(5700)) == []
    assert broken(story().ended(5700)) != []


def test_who_tries_in_vain_while_it_has_no_lease_goes_on_with_its_retries() -> None:
    def story() -> Story:
        told = booted(Resync_On_Reset="Yes", Resync_Error_Retry_Delay="30,90,30")
        for at in (10, 40.1):
            told.not_found(at)
        told.not_found(130.2)
        return nak(told, 158).tell(158, tellings.dhcp("DISCOVER")).lease(164)

    # The retry of 160 s was in vain; the list goes on with its last element.
    assert broken(story().fetch(190.3, **ONCE).ended(300)) == []
    # Or it waited for its lease.
    assert broken(story().fetch(164.1, **ONCE).ended(300)) == []
    assert broken(story().fetch(175, **ONCE).ended(300)) == ["resync.error_retry_delay"]
    assert broken(story().ended(300)) == ["resync.error_retry_delay"]


def test_a_message_that_could_not_be_sent_is_not_missed() -> None:
    story = booted(Syslog_Server=LAB, Log_Request_Msg="", Resync_On_Reset="Yes")
    number = story.request(10)
    story.end(10.1, number, body=flat_profile(**ONCE))
    nak(story, 10.2).tell(11, tellings.dhcp("DISCOVER")).lease(20)
    assert broken(story.ended(60)) == []


def test_a_declined_address_is_none() -> None:
    story = booted(Resync_Random_Delay="0").tell(10.1, tellings.dhcp("DECLINE"))
    boots(story, 20)
    assert broken(story.fetch(25, **ONCE).ended(60)) == []


def test_a_transfer_that_the_loss_of_a_lease_interrupts() -> None:
    def story() -> Story:
        told = booted(Resync_Error_Retry_Delay="60", Resync_On_Reset="Yes")
        number = told.request(10)
        nak(told, 11).tell(12, tellings.dhcp("DISCOVER"))
        return told.end(20, number, "timed-out").lease(30)

    assert broken(story().fetch(31, **ONCE).ended(100)) == []
    assert broken(story().fetch(75, **ONCE).ended(100)) == []
    assert broken(story().fetch(150, **ONCE).ended(200)) != []


def test_a_lease_that_runs_out_during_an_upgrade() -> None:
    files = load_files(NEW, 100)
    short = {51: (100).to_bytes(4)}

    def story() -> Story:
        told = booted(short, Upgrade_Rule=f"http://{LAB}/{NEW}.loads", Resync_On_Reset="No")
        number = told.request(10.5, f"/{NEW}.loads", scheme="http")
        told.end(10.6, number, scheme="http", body=files[f"{NEW}.loads"])
        number = told.request(10.8, f"/{NEW}.sbn", scheme="http")
        # Nobody renews the lease while the image comes slowly; then the transfer breaks off.
        told.fault(11, "Slow", "http")
        told.end(200, number, "aborted", scheme="http")
        return told.tell(210, tellings.dhcp("DISCOVER")).lease(215, short)

    assert broken(story().ended(230)) == []
    resumed = story()
    number = resumed.request(216, f"/{NEW}.loads", scheme="http")
    resumed.end(216.1, number, scheme="http", body=files[f"{NEW}.loads"])
    assert broken(resumed.ended(217)) == []


# --- the link


def test_a_link_that_flaps_is_an_excuse_while_it_is_down() -> None:
    def story(up: float) -> Story:
        told = booted().fetch(10, Resync_Periodic="30")
        return link(link(told, 35, up=False), up, up=True)

    assert broken(story(60).fetch(60.5, **ONCE).ended(100)) == []
    assert broken(story(60).fetch(75, **ONCE).ended(100)) == ["resync.periodic"]
    # It may have tried in vain while the link was down, and tries again after a minute.
    assert broken(story(60).fetch(110, **ONCE).ended(140)) == []
    assert broken(story(60).ended(140)) == ["resync.periodic"]
    assert broken(link(booted().fetch(10, Resync_Periodic="30"), 35, up=False).ended(500)) == []


def test_after_a_flap_it_may_ask_for_its_address_again() -> None:
    story = booted().fetch(10, Resync_Periodic="30")
    link(link(story, 35, up=False), 38, up=True).tell(38.5, tellings.dhcp("REQUEST")).lease(39)
    assert broken(story.fetch(40.1, **ONCE).ended(100)) == []


def test_another_server_of_names_is_noticed_after_it() -> None:
    story = booted(Profile_Rule="http://prov.example/x").look_up(10, "prov.example", LAB)
    number = story.request(10, "/x", scheme="http", host="prov.example")
    story.end(10.1, number, scheme="http", body=flat_profile(Resync_Periodic="60"))
    nak(story, 20).tell(21, tellings.dhcp("DISCOVER")).lease(25, {6: packed("192.0.2.9")})
    assert broken(story.ended(2000)) == []
    assert PATH
