"""What a lab cannot see is not held against the phone, and no more is forgiven than that."""

from __future__ import annotations

from histories import LAB, PATH, TIMING, Story, booted, findings, monitored, packed

from hil.history import events as ev
from hil.judge import Timing
from hil.reference.profile_builder import flat_profile

LOG = {"Syslog_Server": LAB}
NAMED = {"Profile_Rule": "http://prov.example/x"}
SECURE = {"Profile_Rule": f"https://{LAB}/x"}
REQUESTED = f"CP-7832-3PCC 00:0e:08:aa:bb:cc -- Requesting resync tftp://{LAB}:69{PATH}"
FAILED = "CP-7832-3PCC 00:0e:08:aa:bb:cc -- Resync failed: tftp: timeout"


def clean(story: Story) -> None:
    found = findings(story)
    assert found == [], "\n".join(map(str, found))


def broken(story: Story) -> list[str]:
    found = [finding.requirement for finding in findings(story)]
    assert found
    return found


def silent_tftp(**parameters: str) -> Story:
    """The server stays silent at 10 s; it is through with the request at once."""
    story = booted(**{"Resync_Error_Retry_Delay": "60"} | parameters)
    number = story.request(10)
    return story.fault(10, "Silence", "tftp").end(10, number, "aborted")


# --- giving up on a server


def test_a_repeated_read_request_from_the_same_port_is_no_new_attempt() -> None:
    story = silent_tftp()
    for at in (12, 14, 18):
        number = story.request(at)
        story.fault(at, "Silence", "tftp").end(at, number, "aborted")
    clean(story.ended(19))


def test_a_repeated_request_that_is_answered_ends_the_attempt_well() -> None:
    story = silent_tftp().fetch(12, Resync_Periodic="600")
    clean(story.fetch(612.1).ended(613))
    assert broken(silent_tftp().fetch(12, Resync_Periodic="600").ended(700)) == ["resync.periodic"]


def test_a_phone_may_give_up_at_any_moment_up_to_its_limit() -> None:
    """60 s of retry delay after a moment between 10 s and 40 s."""
    for at in (70, 75, 100):
        clean(silent_tftp().fetch(at, Resync_Periodic="0").ended(at + 1))


def test_but_no_earlier_and_no_later() -> None:
    assert broken(silent_tftp().fetch(102, Resync_Periodic="0").ended(103))
    assert broken(silent_tftp().ended(102)) == ["resync.error_retry_delay"]
    # At 55 s it may still be repeating itself; as its first attempt's answer it is followed on.
    early = silent_tftp().fetch(41, Resync_Periodic="0")
    assert broken(early.ended(42)) == ["resync.error_retry_delay"]


def test_its_failure_message_tells_when_it_gave_up() -> None:
    """At 22 s or up to 5 s before, which is what a message may take."""
    told = silent_tftp(**LOG).log(10, REQUESTED).log(22, FAILED)
    clean(told.log(82, REQUESTED).fetch(82, Resync_Periodic="0").ended(83))
    for at, margin in ((75, "2.000 s early"), (90, None)):
        story = silent_tftp(**LOG).log(10, REQUESTED).log(22, FAILED).fetch(at)
        found = findings(story)
        assert found[0].requirement == "resync.error_retry_delay"
        assert found[0].due == "the retried resync between 77.000 s and 82.000 s of lab time"
        assert margin in (found[0].margin, None)


def test_its_failure_message_is_due_when_it_must_have_given_up() -> None:
    clean(silent_tftp(**LOG, Resync_Error_Retry_Delay="0").log(10, REQUESTED).ended(44))
    story = silent_tftp(**LOG, Resync_Error_Retry_Delay="0").log(10, REQUESTED).ended(46)
    assert broken(story) == ["log.failure"]


def test_a_new_attempt_from_the_same_port_counts_as_one() -> None:
    """The list goes on: 20 s after the first failure, 200 s after the second."""

    def story() -> Story:
        told = silent_tftp(Resync_Error_Retry_Delay="20,200")
        return told.not_found(36)  # gave up at 16 s; as a repetition it would be the first attempt

    clean(story().not_found(236.1).ended(237))
    # 20 s later would be right if the request at 36 s had been a repetition: nobody can know.
    clean(story().not_found(56.1).ended(57))
    assert broken(story().not_found(150).ended(151)) == ["resync.error_retry_delay"]


def test_the_retry_starts_again_with_the_first_rule() -> None:
    story = booted(Profile_Rule_B="/b.xml", Resync_Error_Retry_Delay="60").fetch(10)
    number = story.request(10.2, "/b.xml")
    story.fault(10.2, "Silence", "tftp").end(10.2, number, "aborted")
    clean(story.fetch(75).fetch(75.2, "/b.xml", Resync_Periodic="0").ended(80))


def test_a_stalled_transfer_may_be_abandoned_while_the_server_holds_it_open() -> None:
    story = booted(**LOG, Resync_Error_Retry_Delay="60").log(10, REQUESTED)
    story.request(10)
    story.fault(10, "Stall", "tftp").log(25, FAILED)
    clean(story.log(85, REQUESTED).fetch(85, Resync_Periodic="0").ended(86))


def test_a_transfer_that_nobody_disturbs_may_take_long_and_may_not_be_abandoned() -> None:
    slow = booted(Resync_Periodic="0")
    number = slow.request(10)
    clean(slow.end(200, number, body=flat_profile()).ended(300))
    left = booted(**LOG, Resync_Error_Retry_Delay="60").log(10, REQUESTED)
    number = left.request(10)
    left.log(11, FAILED).end(12, number, body=flat_profile(Resync_Periodic="0"))
    assert broken(left.ended(30)) == ["log.success"]


def test_a_request_recorded_before_the_end_of_the_transfer_that_it_follows() -> None:
    story = booted(Profile_Rule_B="/b.xml")
    first = story.request(10)
    second = story.request(10.1, "/b.xml", from_port=5001)
    story.end(10.1, first, body=flat_profile(Resync_Periodic="0"))
    clean(story.end(10.2, second, body=flat_profile()).ended(100))


# --- looking up a host


def test_a_repeated_query_is_no_new_attempt() -> None:
    story = booted(**NAMED, Resync_Error_Retry_Delay="60")
    story.query(10, "prov.example").query(13, "prov.example")
    story.resolved(13, "prov.example", LAB)
    story.request(13, "/x", scheme="http", host="prov.example")
    clean(story.ended(14))


def test_a_resolver_s_silence_widens_the_window() -> None:
    def story() -> Story:
        told = booted(**NAMED, Resync_Error_Retry_Delay="60").query(10, "prov.example")
        return told.fault(10, "Silence", "dns").query(13, "prov.example")

    clean(story().query(76, "prov.example").ended(77))
    assert broken(story().ended(105)) == ["resync.error_retry_delay"]


def test_a_server_s_own_trouble_settles_nothing_and_a_missing_name_does() -> None:
    def story(rcode: str) -> Story:
        told = booted(**NAMED, Resync_Error_Retry_Delay="60")
        told.look_up(10, "prov.example", rcode=rcode).look_up(14, "prov.example", LAB)
        told.request(14.1, "/x", scheme="http", host="prov.example")
        return told.ended(15)

    clean(story("SERVFAIL"))
    assert broken(story("NXDOMAIN")) == ["resync.error_retry_delay"]


def test_a_known_address_needs_no_query() -> None:
    def fetched(story: Story, at: float) -> None:
        number = story.request(at, "/x", scheme="http", host="prov.example")
        story.end(at + 0.1, number, scheme="http", body=flat_profile(Resync_Periodic="600"))

    story = booted(**NAMED).look_up(10, "prov.example", LAB)
    fetched(story, 10)
    fetched(story, 610.1)
    clean(story.ended(611))


def test_an_answer_that_comes_late_may_come_too_late() -> None:
    def story() -> Story:
        told = booted(**NAMED, Resync_Error_Retry_Delay="60").query(10, "prov.example")
        return told.fault(10, "Delay", "dns").resolved(30, "prov.example", LAB)

    in_time, too_late = story(), story()
    in_time.request(30, "/x", scheme="http", host="prov.example")
    clean(in_time.ended(31))
    too_late.request(78, "/x", scheme="http", host="prov.example")
    clean(too_late.ended(79))
    # It may have gone on asking for as long as it is patient, with each address that it has now.
    assert broken(story().ended(140))


def test_a_resync_that_fails_where_the_lab_is_not() -> None:
    """Neither the query nor the request would be seen: only that it is tried again can be said."""
    elsewhere = booted(Profile_Rule="tftp://192.0.2.99/x", Resync_Error_Retry_Delay="60")
    clean(elsewhere.ended(10))
    story = booted(
        Profile_Rule_B="http://prov.example/b.xml", lease={6: packed("192.0.2.9")}
    ).fetch(10, Resync_Error_Retry_Delay="60")
    clean(story.fetch(72, Resync_Error_Retry_Delay="60").ended(73))


# --- connections


def test_a_failed_handshake_is_the_failure_of_the_attempt() -> None:
    def story() -> Story:
        told = booted(**SECURE, Resync_Error_Retry_Delay="60")
        number = told.connected(10, 443)
        handshake = ev.TlsHandshake(
            source="https", connection=number, peer="", succeeded=False, reason="unknown ca"
        )
        return told.tell(10.1, handshake)

    clean(story().ended(60))
    retried = story()
    retried.connected(70.1, 443)
    retried.request(70.2, "/x", scheme="https")
    clean(retried.ended(71))
    assert broken(story().ended(200)) == ["resync.error_retry_delay"]


def test_an_attempt_that_fails_in_its_handshake_is_held_against_its_window_too() -> None:
    told = booted(**SECURE, Resync_Error_Retry_Delay="60")
    for at in (10, 30):
        number = told.connected(at, 443)
        failed = ev.TlsHandshake(source="https", connection=number, peer="", succeeded=False)
        told.tell(at, failed)
    found = findings(told)
    assert [(f.requirement, f.margin) for f in found] == [
        ("resync.error_retry_delay", "40.000 s early")
    ]


def test_a_handshake_that_is_never_answered() -> None:
    story = booted(**SECURE, Resync_Error_Retry_Delay="60")
    number = story.connected(10, 443)
    story.fault(10, "SilentHandshake", "https")
    story.tell(38, ev.Disconnected(source="https", connection=number, peer="", reason="fin"))
    story.connected(98, 443)
    story.request(98, "/x", scheme="https")
    clean(story.ended(99))


# --- power, flash and lease


def test_nothing_is_known_after_a_power_driver_failed_until_the_phone_is_prepared() -> None:
    failed = ev.PowerFailed(source="power", outlet="1", action=ev.PowerAction.OFF, reason="lied")
    story = booted().tell(11, failed)
    story.request(20, "/nonsense")
    clean(story.ended(5000))
    story.prepared(6000, Resync_Random_Delay="0").power(6001, "on").lease(6010)
    assert broken(story.ended(6100)) == ["resync.on_reset"]


def test_omissions_prove_nothing_while_the_power_is_being_cut() -> None:
    story = booted(**LOG).fetch(10, Resync_Periodic="0").power(10.2, "off", seconds=60)
    clean(story.ended(100))


def test_what_was_owed_is_forgotten_with_the_power() -> None:
    clean(booted(**LOG).fetch(10).power(10.2, "off").ended(9000))


def test_a_power_cut_before_the_flash_was_written_leaves_two_ways() -> None:
    def story(cut: float) -> Story:
        told = booted().fetch(10, Profile_Rule="/new.xml", Resync_Random_Delay="0")
        return told.power(cut, "off").power(cut + 5, "on").lease(cut + 10)

    for path in (PATH, "/new.xml"):
        clean(story(10.5).fetch(20.5, path, Resync_Periodic="0").ended(30))
    clean(story(15).fetch(25, "/new.xml", Resync_Periodic="0").ended(30))
    assert broken(story(15).fetch(25, Resync_Periodic="0").ended(30)) == ["rules.url"]


def test_a_renewed_lease_changes_no_window() -> None:
    story = booted().fetch(10, Resync_Periodic="600").lease(300).fetch(610.1)
    clean(story.ended(611))


def test_a_phone_whose_lease_has_run_out_cannot_show_what_it_does() -> None:
    short = {51: (100).to_bytes(4)}
    clean(booted(short).fetch(10, Resync_Periodic="600").ended(5000))
    renewed = booted(short).fetch(10, Resync_Periodic="200")
    for at in (60, 110, 160, 210, 260, 310):
        renewed.lease(at, short)
    assert broken(renewed.ended(330)) == ["resync.periodic"]


def test_a_phone_that_lost_its_lease_is_judged_again_after_its_next_start() -> None:
    nak = ev.DhcpMessage(source="dhcp", direction=ev.Direction.SENT, kind="NAK", mac="", xid=2)
    story = booted().fetch(10, Resync_Periodic="600", Resync_Random_Delay="0").tell(100, nak)
    story.power(5000, "off").power(5005, "on").lease(5010)
    assert broken(story.ended(5100)) == ["resync.on_reset"]


# --- tolerances


def test_slack_and_drift_widen_every_window() -> None:
    def found(at: float, **tolerances: float) -> int:
        story = booted().fetch(10, Resync_Periodic="1000").fetch(at, Resync_Periodic="0")
        return len(findings(story, Timing(**tolerances)))

    assert found(1009.9, early=0.3) == 0
    assert found(1009.9, early=0.1) == 1
    assert found(1011.5, late=1.5) == 0
    assert found(1011.5, late=1.0) == 1
    assert found(1020, late=1.0, drift=0.01) == 0
    assert found(1000.5, early=0.0, drift=0.01) == 0
    assert found(1000, early=0.0, drift=0.001) == 1


def test_more_explanations_than_can_be_followed_are_no_knowledge() -> None:
    story = booted(Resync_Error_Retry_Delay="1,2,3,5,7,11,13,17,19,23,29,31,37,41,43,47")
    at = 10.0
    for _ in range(60):
        number = story.request(at)
        story.fault(at, "Silence", "tftp").end(at, number, "aborted")
        at += 2.7
    assert monitored(story.ended(at + 10_000), TIMING).findings == []
