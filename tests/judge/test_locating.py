"""SRV records and several addresses, as the monitor follows them; beside each fault its clean twin.

Stories have their lease at 10 s and no random delay; see tests/judge/test_monitor.py.
"""

from __future__ import annotations

from histories import LAB, PHONE, TIMING, Story, booted, findings, monitored

from hil.history import events as ev
from hil.judge import Monitor
from hil.reference.interpretations import DEFAULT

NAME = "prov.example"
SERVICE = f"_http._tcp.{NAME}"
DEAD = "192.0.2.99"
RULE = f"[--srv] http://{NAME}/x"


def clean(story: Story) -> Monitor:
    monitor = monitored(story)
    assert monitor.findings == [], "\n".join(map(str, monitor.findings))
    assert monitor.lost == ""
    return monitor


def fetch(story: Story, at: float, *, port: int = 80, host: str = NAME, path: str = "/x") -> Story:
    """A request by HTTP, and a profile for it."""
    story.connected(at, port)
    number = story.request(at, path, scheme="http", port=port, host=host)
    return story.end(
        at + 0.1, number, scheme="http", status=200, body=b"<flat-profile></flat-profile>"
    )


def by_service(*records: str, rcode: str = "NOERROR", **parameters: str) -> Story:
    story = booted(Profile_Rule=RULE, **parameters)
    return story.look_up_service(10, SERVICE, *records, rcode=rcode)


# --- SRV records


def test_a_service_is_asked_at_the_port_of_its_record() -> None:
    story = by_service("0 0 8080 web.example").look_up(10.1, "web.example", LAB)
    assert clean(fetch(story, 10.2, port=8080).ended(20)).checks["rules.url"] == 1


def test_another_port_than_that_of_the_record_is_wrong() -> None:
    story = by_service("0 0 80 web.example").look_up(10.1, "web.example", LAB)
    (found,) = findings(fetch(story, 10.2, port=8080).ended(20))
    assert found.requirement == "rules.srv"
    assert "port" in found.what


def test_a_host_whose_records_were_not_looked_up_is_asked_too_soon() -> None:
    story = booted(Profile_Rule=RULE).look_up(10, NAME, LAB)
    (found,) = findings(fetch(story, 10.2).ended(20))
    assert found.requirement == "rules.srv"
    assert SERVICE in found.due


def test_a_service_that_is_never_looked_up_is_missing() -> None:
    (found,) = findings(booted(Profile_Rule=RULE).ended(60))
    # The phone did nothing at all, so what is missing is its resync.
    assert found.requirement == "resync.on_reset"
    story = booted(Profile_Rule="/a.xml", Profile_Rule_B=RULE).fetch(10, "/a.xml")
    (found,) = findings(story.ended(60))
    assert (found.requirement, found.due) == (
        "rules.srv",
        f"a DNS query for SRV {SERVICE}",
    )


def test_where_there_are_no_records_the_host_is_asked_itself() -> None:
    for rcode in ("NOERROR", "NXDOMAIN"):
        story = by_service(rcode=rcode).look_up(10.1, NAME, LAB)
        clean(fetch(story, 10.2).ended(20))


def test_read_otherwise_a_service_without_records_fails_the_resync() -> None:
    failing = DEFAULT.choose(srv_missing="failure")
    story = by_service(Resync_Error_Retry_Delay="60", Syslog_Server=LAB)
    story.log(10.1, "CP-7832-3PCC 00:0e:08:aa:bb:cc -- Resync failed: nobody there").ended(60)
    assert findings(story, TIMING, failing) == []
    # By the default reading the host itself has to be looked up.
    assert [found.due for found in findings(story)] == [f"a DNS query for {NAME}"]


def test_a_service_that_is_said_not_to_be_there_fails_the_resync() -> None:
    story = by_service("0 0 0 .", Resync_Error_Retry_Delay="60", Resync_Periodic="0")
    again = story.look_up_service(70, SERVICE, "0 0 80 web.example").look_up(
        70.1, "web.example", LAB
    )
    checks = clean(fetch(again, 70.2).ended(100)).checks
    assert checks["resync.error_retry_delay"] == 1


def test_the_records_are_remembered_until_the_power_goes() -> None:
    story = by_service("0 0 8080 web.example", Resync_Periodic="60")
    fetch(story.look_up(10.1, "web.example", LAB), 10.2, port=8080)
    assert clean(fetch(story, 70.3, port=8080).ended(80)).checks["rules.srv"] == 1
    story.power(90, "off").power(100, "on").lease(110)
    (found,) = findings(fetch(story, 110.1, port=8080).ended(120))
    assert found.requirement == "rules.srv"


def test_the_lower_priority_counts() -> None:
    records = ("20 0 8080 b.example", "10 0 80 a.example")

    def looked_up() -> Story:
        story = by_service(*records)
        return story.look_up(10.1, "a.example", LAB).look_up(10.1, "b.example", LAB)

    clean(fetch(looked_up(), 10.2, port=80).ended(20))
    (found,) = findings(fetch(looked_up(), 10.2, port=8080).ended(20))
    assert found.requirement == "rules.srv"


def test_of_equal_priorities_chance_may_choose_any() -> None:
    for port in (80, 8080):
        story = by_service("10 5 8080 b.example", "10 1 80 a.example")
        story.look_up(10.1, "a.example", LAB).look_up(10.1, "b.example", LAB)
        clean(fetch(story, 10.2, port=port).ended(20))


def test_the_next_target_follows_where_the_first_does_not_answer() -> None:
    story = by_service("10 0 80 a.example", "20 0 8080 b.example")
    story.look_up(10.1, "a.example", DEAD).look_up(10.1, "b.example", LAB)
    clean(fetch(story, 30, port=8080).ended(40))


def test_a_target_that_has_no_address_leaves_the_others() -> None:
    story = by_service("10 0 80 a.example", "20 0 8080 b.example")
    story.look_up(10.1, "a.example", rcode="NXDOMAIN").look_up(10.1, "b.example", LAB)
    clean(fetch(story, 10.2, port=8080).ended(40))


# --- truncation


def test_a_truncated_answer_is_no_answer_and_its_repetition_is_no_new_attempt() -> None:
    query = ev.DnsQuery(source="dns", name=NAME, qtype="A", peer=f"{PHONE}:4000", transport="tcp")
    cut = ev.DnsAnswer(source="dns", name=NAME, qtype="A", rcode="NOERROR", truncated=True)
    story = booted(Profile_Rule=f"http://{NAME}/x", Resync_Error_Retry_Delay="60")
    story.query(10, NAME).tell(10, cut).tell(10.01, query).resolved(10.02, NAME, LAB)
    clean(fetch(story, 10.2).ended(20))


# --- several addresses


def several(*addresses: str, **parameters: str) -> Story:
    story = booted(Profile_Rule=f"http://{NAME}/x", Syslog_Server=LAB, **parameters)
    story.look_up(10, NAME, *addresses)
    text = f"Requesting resync http://{addresses[0]}:80/x"
    return story.log(10.1, f"CP-7832-3PCC 00:0e:08:aa:bb:cc -- {text}")


def succeeded(server: str) -> str:
    return f"CP-7832-3PCC 00:0e:08:aa:bb:cc -- Successful resync http://{server}:80/x -- OK"


def test_the_lab_is_asked_once_the_addresses_before_its_own_were_tried() -> None:
    story = fetch(several(DEAD, "192.0.2.98", LAB), 50)
    checks = clean(story.log(50.2, succeeded(LAB)).ended(60)).checks
    assert checks["log.success"] == 1


def test_the_message_tells_of_the_address_that_answered() -> None:
    (found,) = findings(fetch(several(DEAD, LAB), 20).log(20.2, succeeded(DEAD)).ended(60))
    assert found.requirement == "log.success"


def test_each_address_has_its_own_patience_and_no_more() -> None:
    # give_up is 30 s: with two addresses the phone has failed by 81 s, and tries again 60 s later.
    story = several(DEAD, "192.0.2.98", Resync_Error_Retry_Delay="60")
    clean(story.log(75, "CP-7832-3PCC 00:0e:08:aa:bb:cc -- Resync failed: nobody").ended(100))


def test_the_lab_as_first_address_is_asked_at_once() -> None:
    clean(fetch(several(LAB, DEAD), 10.2).log(10.4, succeeded(LAB)).ended(30))
    (found,) = findings(several(LAB, DEAD).ended(60))
    assert found.what == "Profile_Rule was not fetched"


def test_a_server_that_failed_is_not_left_for_another_address() -> None:
    story = several(LAB, DEAD, Resync_Error_Retry_Delay="60")
    story.connected(10.2, 80)
    number = story.request(10.2, "/x", scheme="http", host=NAME)
    story.end(10.3, number, "error", scheme="http", status=500)
    story.log(10.4, "CP-7832-3PCC 00:0e:08:aa:bb:cc -- Resync failed: HTTP 500").ended(30)
    clean(story)
