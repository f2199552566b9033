"""What random scenarios have taught: what a phone may do unseen by the lab, and is not blamed for.

Each story is followed by its counterpart: the same phone, broken in a way that has no such excuse.
"""

from __future__ import annotations

from histories import LAB, PATH, Story, booted, findings, packed

from hil.history import events as ev

ELSEWHERE = "192.0.2.99"
NAME = "prov.example"
RULE = f"http://{NAME}/a.xml"


def whats(story: Story) -> list[str]:
    return [finding.what for finding in findings(story)]


def query(story: Story, at: float, number: int, name: str = NAME) -> Story:
    """A question with this id, from a port of its own."""
    data = number.to_bytes(2)
    peer = f"192.0.2.16:{40000 + number}"
    return story.tell(at, ev.DnsQuery(source="dns", name=name, qtype="A", peer=peer, data=data))


def answer(story: Story, at: float, number: int) -> Story:
    answered = ev.DnsAnswer(
        source="dns",
        name=NAME,
        qtype="A",
        rcode="NOERROR",
        answers=(LAB,),
        peer=f"192.0.2.16:{40000 + number}",
        data=number.to_bytes(2),
    )
    return story.tell(at, answered)


# -- a TFTP ERROR that comes late finds nobody --------------------------------------------------------


def refused_late(*, retry: float, troubled: bool = True) -> Story:
    """Asked at 10 s; the ERROR comes at 30 s; the phone tries again."""
    story = booted(Resync_Random_Delay="0", Resync_Error_Retry_Delay="60")
    number = story.request(10)
    if troubled:
        story.fault(10, "Delay", "tftp")
    story.end(30, number, "not-found", status=1)
    return story.fetch(retry, Resync_Periodic="0").ended(retry + 5)


def test_a_phone_may_have_given_up_before_an_error_that_was_held_back() -> None:
    assert whats(refused_late(retry=82)) == []
    assert whats(refused_late(retry=90)) == []


def test_it_cannot_have_given_up_before_it_asked_nor_without_a_reason_to() -> None:
    outside = ["the retried resync began outside its window"]
    assert whats(refused_late(retry=69)) == outside
    assert whats(refused_late(retry=82, troubled=False)) == outside


# -- names ---------------------------------------------------------------------------------------------


def test_a_server_that_is_asked_second_may_be_asked_late() -> None:
    story = booted({6: packed(ELSEWHERE, LAB)}, Resync_Random_Delay="0", Profile_Rule=RULE)
    answer(query(story, 28, 1), 28, 1)
    assert whats(story.ended(29)) == []


def test_the_only_server_is_asked_at_once() -> None:
    story = booted(Resync_Random_Delay="0", Profile_Rule=RULE)
    answer(query(story, 28, 1), 28, 1)
    assert "the power-up resync did not begin" in whats(story.ended(29))


def asked_again(*, retry: float) -> Story:
    """The first answer comes as the phone asks again, the second too late for it as well."""
    story = booted(
        Resync_Random_Delay="0",
        Resync_Error_Retry_Delay="60",
        Profile_Rule=RULE,
        Resync_Periodic="0",
    )
    query(story, 10, 1)
    answer(story, 13, 1)
    query(story, 13, 2)
    answer(story, 16, 2)
    query(story, retry, 3)
    return answer(story, retry, 3).ended(retry + 5)


def test_a_phone_that_has_asked_again_may_wait_for_that_answer_alone() -> None:
    assert whats(asked_again(retry=76)) == []


def test_it_waits_no_longer_than_the_last_answer_shows() -> None:
    assert whats(asked_again(retry=150)) == ["Profile_Rule was not fetched"]


def test_a_phone_may_look_in_vain_for_its_syslog_server_before_it_goes_on() -> None:
    story = booted(Resync_Random_Delay="0", Syslog_Server="nowhere.example", Resync_Periodic="0")
    query(story, 10, 1, "nowhere.example")
    query(story, 15, 2, "nowhere.example")
    assert whats(story.fetch(31, GPP_A="a").ended(32)) == []


def test_a_phone_that_knows_its_syslog_server_goes_on_at_once() -> None:
    story = booted(Resync_Random_Delay="0", Syslog_Server=NAME, Profile_Rule=RULE)
    answer(query(story, 10, 1), 10, 1)
    # The look-up may have been for something else, so it may be that nothing began at all.
    assert whats(story.ended(31)) == ["the power-up resync did not begin"]


# -- a lease that names other servers ------------------------------------------------------------------


def renamed(**options: str) -> Story:
    """Led elsewhere by its lease, and at 100 s to the lab."""
    there = {6: packed(ELSEWHERE), 66: ELSEWHERE.encode()}
    story = booted(there, Resync_Random_Delay="0", Resync_Error_Retry_Delay="40,600", **options)
    story.lease(100, {66: LAB.encode()})
    return story


def test_a_look_up_that_goes_on_began_with_the_servers_of_before() -> None:
    story = booted({6: packed(ELSEWHERE)}, Resync_Random_Delay="0", Profile_Rule=RULE)
    assert whats(story.lease(15).ended(30)) == []


def test_what_began_before_may_have_gone_to_the_servers_of_before() -> None:
    # It failed at 10 s to 40 s and again at 50 s to 110 s, so that the third try comes after 650 s.
    assert whats(renamed().fetch(680, Resync_Periodic="0").ended(690)) == []


def test_what_was_given_up_before_may_have_been_tried_again_there() -> None:
    # Asked elsewhere at 10 s, given up by 40 s; again 40 s later, given up by 110 s; then 120 s later.
    story = booted({66: ELSEWHERE.encode()}, Resync_Error_Retry_Delay="40,120")
    story.lease(70, {66: LAB.encode()})
    assert whats(story.fetch(190, Resync_Periodic="0").ended(200)) == []


def test_many_tries_may_have_gone_to_the_servers_of_before() -> None:
    # Each is given up after 12 s: at 22, 94, 226, 478 and 970 s.
    retries = "60,120,240,480,960"
    story = booted({66: ELSEWHERE.encode()}, Resync_Error_Retry_Delay=retries)
    story.lease(1038, {66: LAB.encode()})
    assert whats(story.fetch(1930, Resync_Periodic="0").ended(1940)) == []


def test_what_begins_after_that_shows() -> None:
    assert "the retried resync did not begin" in whats(renamed().ended(5000))


# -- what fails while nobody can hear ------------------------------------------------------------------


def failed_in_silence(*, third: float) -> Story:
    """It asks a server elsewhere, loses its lease for five seconds, and goes on with its retries."""
    story = booted(
        Profile_Rule=f"tftp://{ELSEWHERE}/a.xml",
        Resync_Error_Retry_Delay="60,120,240",
        Syslog_Server=LAB,
        Log_Request_Msg="asks",
        Log_Failure_Msg="failed",
    )
    nak = ev.DhcpMessage(
        source="dhcp", direction=ev.Direction.SENT, kind="NAK", mac="00:0e:08:aa:bb:cc", xid=1
    )
    story.log(10, "asks").tell(15, nak).lease(20)
    story.log(77, "asks").log(80, "failed")
    return story.log(third, "asks").log(third + 3, "failed").ended(third + 10)


def test_a_failure_that_nobody_could_hear_is_counted() -> None:
    assert whats(failed_in_silence(third=200)) == []


def test_but_what_could_be_heard_is_counted_as_it_was() -> None:
    assert whats(failed_in_silence(third=230)) != []


# -- what is over at once leaves no trace --------------------------------------------------------------


def asked_twice(*, retry: float) -> Story:
    """It has no server when it boots, nor when it is told to resync, twice; then its lease has one."""
    story = booted({66: b""}, Resync_Error_Retry_Delay="60,120,240")
    story.web(30, "/admin/resync").web(31, "/admin/resync").lease(50, {66: LAB.encode()})
    return story.fetch(retry, Resync_Periodic="0").ended(retry + 5)


def test_a_request_that_was_met_unseen_is_not_the_next_one() -> None:
    # Three attempts have failed: after the boot and after each request.
    assert whats(asked_twice(retry=271)) == []


def test_attempts_that_leave_no_trace_excuse_no_more_than_their_number() -> None:
    late = ["the retried resync did not begin"]
    assert whats(asked_twice(retry=400)) == late
    assert whats(asked_twice(retry=60)) == ["the retried resync began outside its window"]


# -- a request without an answer is repeated, and nothing else is asked for ---------------------------


def unanswered(*paths: str, at_once: bool = True) -> Story:
    """Asked at 10 s and again every two seconds of a silent server, which is through with each."""
    story = booted(Resync_Random_Delay="0", Resync_Error_Retry_Delay="60")
    begun = []
    for number, path in enumerate((PATH, *paths)):
        at = 10 + 2 * number
        begun.append((at, story.request(at, path, from_port=5000 + (path != PATH))))
        story.fault(at, "Silence", "tftp")
        if at_once:
            story.end(at, begun.pop()[1], "aborted")
    for at, transfer in begun:
        story.end(at + 2, transfer, "aborted")
    return story.ended(10 + 2 * len(paths) + 1)


def test_a_request_without_an_answer_may_be_repeated() -> None:
    assert whats(unanswered(PATH, PATH, PATH)) == []


def test_it_may_not_be_repeated_for_another_file() -> None:
    wrong = "Profile_Rule was fetched wrongly (path)"
    assert whats(unanswered("/other.cnf.xml")) == [wrong]
    assert whats(unanswered(PATH, "/other.cnf.xml", PATH, "/other.cnf.xml")) == [wrong, wrong]


def test_nor_while_nobody_knows_yet_that_there_will_be_no_answer() -> None:
    found = unanswered("/other.cnf.xml", "/more.cnf.xml", at_once=False)
    assert whats(found) == ["Profile_Rule was fetched wrongly (path)"] * 2
