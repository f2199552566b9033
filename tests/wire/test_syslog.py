"""Syslog: the examples of RFC 5424 and RFC 3164, tolerance, and round trips."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import LocalProtocolError
from hil.wire.syslog import Severity, format_3164, format_5424, parse

NOON = datetime(2026, 11, 3, 12, 0, 7, tzinfo=UTC)


def test_example_1_of_rfc_5424() -> None:
    record = parse(
        b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 "
        b"- \xef\xbb\xbf'su root' failed for lonvick on /dev/pts/8"
    )
    assert (record.version, record.facility, record.severity) == (1, 4, Severity.CRITICAL)
    assert record.timestamp == "2003-10-11T22:14:15.003Z"
    assert record.hostname == "mymachine.example.com"
    assert (record.app_name, record.procid, record.msgid) == ("su", None, "ID47")
    assert record.structured_data == ()
    assert record.message == "'su root' failed for lonvick on /dev/pts/8"


def test_example_2_of_rfc_5424_without_byte_order_mark() -> None:
    record = parse(
        b"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - "
        b"%% It's time to make the do-nuts."
    )
    assert (record.facility, record.severity) == (20, Severity.NOTICE)
    assert record.procid == "8710"
    assert record.message == "%% It's time to make the do-nuts."


def test_example_4_of_rfc_5424_has_structured_data_only() -> None:
    record = parse(
        b"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 "
        b'[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"]'
        b'[examplePriority@32473 class="high"]'
    )
    assert record.structured_data == (
        (
            "exampleSDID@32473",
            (("iut", "3"), ("eventSource", "Application"), ("eventID", "1011")),
        ),
        ("examplePriority@32473", (("class", "high"),)),
    )
    assert record.message == ""


def test_escapes_in_structured_data_are_undone_and_other_backslashes_kept() -> None:
    record = parse(rb'<13>1 - - - - - [a@1 b="\"\\\]\n"] m')
    assert record.structured_data == (("a@1", (("b", '"\\]\\n'),)),)


def test_example_1_of_rfc_3164() -> None:
    record = parse(b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8")
    assert record.version is None
    assert (record.facility, record.severity) == (4, Severity.CRITICAL)
    assert (record.timestamp, record.hostname) == ("Oct 11 22:14:15", "mymachine")
    assert (record.app_name, record.procid) == ("su", None)
    assert record.message == "su: 'su root' failed for lonvick on /dev/pts/8"
    assert record.content == "'su root' failed for lonvick on /dev/pts/8"


def test_example_2_of_rfc_3164_has_no_header_at_all() -> None:
    record = parse(b"Use the BFG!")
    assert record.priority is None
    assert record.severity is None
    assert record.facility is None
    assert (record.timestamp, record.hostname, record.app_name) == (None, None, None)
    assert record.message == record.content == "Use the BFG!"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<13>Feb  5 17:32:18 10.0.0.99 Use", ("Feb  5 17:32:18", "10.0.0.99", None, "Use")),
        (b"<13>prov[12]: hello", (None, None, "prov", "hello")),
        (b"<13>Feb  5 17:32:18 prov: hello", ("Feb  5 17:32:18", None, "prov", "hello")),
        (b"<13>Feb 15 2026 17:32:18.123 h m", ("Feb 15 2026 17:32:18.123", "h", None, "m")),
        (b"<13>2026-02-15T17:32:18Z h m", ("2026-02-15T17:32:18Z", "h", None, "m")),
        (b"<13>", (None, None, None, "")),
        (b"", (None, None, None, "")),
        (b"<192>x", (None, None, None, "<192>x")),
        (b"<1234>x", (None, None, None, "<1234>x")),
        (b"<13>hello\r\n\0", (None, None, None, "hello")),
        (
            b"<134>Jan  1 00:00:09 000e08aabbcc CP-7832-3PCC 00:0e:08:aa:bb:cc -- "
            b"Requesting resync tftp://10.0.0.1/a.xml",
            (
                "Jan  1 00:00:09",
                "000e08aabbcc",
                None,
                "CP-7832-3PCC 00:0e:08:aa:bb:cc -- Requesting resync tftp://10.0.0.1/a.xml",
            ),
        ),
        (
            b"<134>CP-7832-3PCC 00:0e:08:aa:bb:cc -- Requesting resync",
            (None, None, None, "CP-7832-3PCC 00:0e:08:aa:bb:cc -- Requesting resync"),
        ),
        (b"<13>1 nonsense h a p m - text", (None, None, None, "1 nonsense h a p m - text")),
        (b"<13>1 - h a p m [x text", (None, None, None, "1 - h a p m [x text")),
        (b"<13>1 - h a p m -text", (None, None, None, "1 - h a p m -text")),
    ],
)
def test_what_is_missing_is_none_and_the_rest_is_read(
    data: bytes, expected: tuple[str | None, ...]
) -> None:
    record = parse(data)
    assert (record.timestamp, record.hostname, record.app_name, record.content) == expected
    assert record.raw == data


def test_text_that_is_not_utf_8_is_shown_as_far_as_it_can_be() -> None:
    record = parse(b"<13>caf\xe9 \xe2\x82\xac")
    assert record.message == "caf\ufffd €"


@given(
    st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: b"<13>1 - - - - - " + tail)
)
@settings(deadline=None, max_examples=300)
def test_any_bytes_have_a_reading(data: bytes) -> None:
    record = parse(data)
    assert record.raw == data
    assert record.message.endswith(record.content)


@pytest.mark.parametrize(
    "data",
    [
        b"<13>1 - - - - - [a" + b' b="\\"' * 10_000,
        b"<13>1 - - - - - " + b'[a b="c"]' * 7_000 + b"x",
        b"<13>1 - - - - - [a" + b' b="c"' * 10_000,
        b"<13>Feb  5 17:32:18 " + b"a" * 65_000,
        b"<13>" + b"a[" * 32_000,
        b"<" * 65_000,
        b"\xff" * 65_000,
        bytes(65_000),
    ],
)
def test_a_datagram_built_to_be_slow_is_read_at_once(data: bytes) -> None:
    began = thread_time()
    parse(data)
    assert thread_time() - began < 0.5


printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
sd_names = printable.filter(lambda name: not set(name) & set('=]"'))
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
messages = values.map(lambda text: text.lstrip("\ufeff").rstrip("\r\n\0"))


@given(
    messages,
    st.integers(0, 23),
    st.sampled_from(Severity),
    st.tuples(printable, printable, printable, printable),
    st.lists(
        st.tuples(sd_names, st.lists(st.tuples(sd_names, values), max_size=3).map(tuple)),
        max_size=3,
    ).map(tuple),
)
@settings(deadline=None, max_examples=150)
def test_what_is_formatted_by_rfc_5424_is_read_back(
    message: str,
    facility: int,
    severity: Severity,
    names: tuple[str, str, str, str],
    structured: tuple[tuple[str, tuple[tuple[str, str], ...]], ...],
) -> None:
    hostname, app_name, procid, msgid = names
    record = parse(
        format_5424(
            message,
            facility=facility,
            severity=severity,
            timestamp=NOON,
            hostname=hostname,
            app_name=app_name,
            procid=procid,
            msgid=msgid,
            structured_data=structured,
        )
    )
    assert record.version == 1
    assert (record.facility, record.severity) == (facility, severity)
    read = (record.hostname, record.app_name, record.procid, record.msgid)
    assert read == tuple(None if name == "-" else name for name in names)
    assert record.structured_data == structured
    assert record.message == message


def test_rfc_5424_is_formatted_to_the_letter() -> None:
    moment = datetime(2003, 8, 24, 5, 14, 15, 3, tzinfo=timezone(timedelta(hours=-7)))
    assert (
        format_5424(
            "%% It's time to make the do-nuts.",
            facility=20,
            severity=Severity.NOTICE,
            timestamp=moment,
            hostname="192.0.2.1",
            app_name="myproc",
            procid="8710",
        )
        == b"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - "
        b"%% It's time to make the do-nuts."
    )


def test_rfc_3164_is_formatted_to_the_letter() -> None:
    written = format_3164(
        "hello",
        facility=16,
        severity=Severity.INFORMATIONAL,
        timestamp=NOON,
        hostname="000e08aabbcc",
        tag="prov",
    )
    assert written == b"<134>Nov  3 12:00:07 000e08aabbcc prov: hello"
    record = parse(written)
    assert (record.hostname, record.app_name, record.content) == ("000e08aabbcc", "prov", "hello")


@pytest.mark.parametrize(
    "change", [{"facility": 24}, {"facility": -1}, {"hostname": "a b"}, {"hostname": ""}]
)
def test_what_neither_grammar_permits_is_refused(change: dict[str, object]) -> None:
    given = {"facility": 16, "severity": Severity.DEBUG, "timestamp": NOON, "hostname": "h"}
    with pytest.raises(LocalProtocolError):
        format_3164("m", **(given | change))  # type: ignore[arg-type]
    with pytest.raises(LocalProtocolError):
        format_5424("m", **(given | change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": datetime(2026, 1, 1)},
        {"app_name": "a" * 49},
        {"msgid": "m" * 33},
        {"structured_data": [("a b", ())]},
        {"structured_data": [("a", (("=", "x"),))]},
    ],
)
def test_what_rfc_5424_does_not_permit_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(LocalProtocolError):
        format_5424("m", facility=16, severity=Severity.DEBUG, **change)  # type: ignore[arg-type]
