"""DHCP_Option_To_Use decides which DHCP option tells the phone where its profile is."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hil.reference.interpretations import DEFAULT
from hil.reference.provisioning_source import (
    DEFAULT_ORDER,
    SourceKind,
    choose,
    parse_order,
    survey,
)

HOST, BASE_URI, RULE = SourceKind.HOST, SourceKind.BASE_URI, SourceKind.RULE
URL = b"http://192.0.2.7/$MA.cfg"
ADDRESS = bytes([192, 0, 2, 9])
USABLE = {66: b"pbx", 160: URL, 159: ADDRESS, 150: ADDRESS, 60: URL, 43: URL}
USABLE[125] = (9).to_bytes(4) + bytes([len(URL)]) + URL


def parts(code: int, content: bytes, **readings):
    source = choose({code: content}, interpretations=DEFAULT.choose(**readings))
    return source and (source.kind, source.scheme, source.host, source.port)


def reason(code: int, content: bytes, **readings) -> str:
    source, skipped = survey({code: content}, interpretations=DEFAULT.choose(**readings))
    assert source is None
    assert [each.entry for each in skipped] == [str(code)]
    return skipped[0].reason


# --- the order


def test_the_default_order_is_the_chapters() -> None:
    # DHCP Option To Use: "The default value is 66,160,159,150,60,43,125."
    assert DEFAULT_ORDER == "66,160,159,150,60,43,125"
    remaining = dict(USABLE)
    for code in (66, 160, 159, 150, 60, 43, 125):
        assert choose(remaining).option == code
        del remaining[code]
    assert choose(remaining) is None


@given(st.permutations([66, 160, 159, 150, 60, 43, 125]), st.sets(st.sampled_from(sorted(USABLE))))
def test_the_first_listed_option_that_was_sent_is_used(order, sent) -> None:
    source = choose({code: USABLE[code] for code in sent}, ",".join(map(str, order)))
    assert (source and source.option) == next((code for code in order if code in sent), None)


def test_options_that_are_not_listed_are_not_used() -> None:
    assert choose({66: b"pbx"}, "160,159") is None


def test_an_unusable_option_counts_as_absent_and_says_why() -> None:
    source = choose({66: b"\xff\xfe", 160: b"", 150: ADDRESS})
    assert (source.option, source.host) == (150, "192.0.2.9")
    assert [each.entry for each in source.skipped] == ["66", "160"]
    assert "ASCII" in source.skipped[0].reason
    assert "empty" in source.skipped[1].reason


@pytest.mark.parametrize(
    ("order", "codes", "skipped"),
    [
        ("160,66", (160, 66), []),
        (" 160 , 66 ", (160, 66), []),
        ("66,66,160,66", (66, 160), []),
        ("160,,66,", (160, 66), []),
        ("abc,66,6 6,-1,1e2", (66,), ["abc", "6 6", "-1", "1e2"]),
        ("67,66,999", (66,), ["67", "999"]),
        ("66;160", (), ["66;160"]),
        ("", (), []),
        ("٦٦", (), ["٦٦"]),
    ],
)
def test_one_slip_in_the_list_does_not_cut_the_phone_off(order, codes, skipped) -> None:
    found, passed = parse_order(order)
    assert found == codes
    assert [each.entry for each in passed] == skipped


# --- 66 and 160: host, base URI or rule (public servers; AG security calls 160 "Provisioning URL")


@pytest.mark.parametrize("code", [66, 160])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"pbx.example", (HOST, None, "pbx.example", None)),
        (b"192.0.2.1", (HOST, None, "192.0.2.1", None)),
        (b"192.0.2.1:8069", (HOST, None, "192.0.2.1", 8069)),
        (b"pbx.example/", (HOST, None, "pbx.example", None)),
        (b"http://192.0.2.1:8667", (BASE_URI, "http", "192.0.2.1", 8667)),
        (b"HTTPS://pbx.example/", (BASE_URI, "https", "pbx.example", None)),
        (
            b"http://192.168.1.11/app/provision/?mac=$MA",
            (RULE, "http", "192.168.1.11", None),
        ),
        (b"http://pbx.example/lang_ja/$PSN.xml", (RULE, "http", "pbx.example", None)),
        (b"192.168.1.130/profiles/init.cfg", (RULE, None, "192.168.1.130", None)),
        (b"[--key $A] https://pbx/$MA.cfg", (RULE, None, None, None)),
        (b'("$CCERT" eq "Installed")? https://p.tel.com/config', (RULE, None, None, None)),
        (b"http://$A/$MA.cfg", (RULE, "http", None, None)),
    ],
)
def test_server_name_options_take_three_forms(code, content, expected) -> None:
    assert parts(code, content) == expected


def test_the_text_of_a_rule_is_kept_as_it_came() -> None:
    text = "http://192.168.1.11/app/provision/?mac=$MA"
    assert choose({66: text.encode()}).text == text


def test_nuls_at_the_end_are_removed() -> None:
    # RFC 2132 section 2: receivers "must be prepared to delete trailing nulls".
    assert choose({66: b"pbx.example\x00\x00"}).text == "pbx.example"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\x00\x00", "empty"),
        (b"  \r\n", "empty"),
        (b"pbx\x00.example", "printable"),
        (b"pbx\x1b[2J", "printable"),
        ("höst".encode(), "printable"),
        (b"a" * 65_536, "65536"),
        (b"ftp://pbx/x", "'ftp'"),
        (b"http://", "no server"),
        (b"http:///x.cfg", "no server"),
        (b"/$PSN.xml", "no server"),
        (b"# http://pbx/x", "comment"),
        (b"two words", "neither"),
        (b"http://pbx:0/x", "port"),
        (b"http://pbx:65536/x", "port"),
        (b"http://pbx:x/x", "port"),
        (b"http://user@pbx/x", "host"),
        (b"256.1.1.1", "host"),
        (b"1.2.3", "host"),
        (b"0.0.0.0", "host"),
        (b"255.255.255.255", "host"),
        (b"-", "host"),
        (b"a..b", "host"),
        (b"a" * 64, "host"),
        (b"a." * 130 + b"b", "host"),
        (b"[--key x]", "without a URL"),
    ],
)
def test_content_that_names_no_server_is_unusable(content, why) -> None:
    assert why in reason(66, content)


def test_only_a_bare_host_is_usable_where_it_is_read_so() -> None:
    assert parts(66, b"pbx", dhcp_server_name="host-only") == (HOST, None, "pbx", None)
    assert "no bare host" in reason(66, b"http://pbx", dhcp_server_name="host-only")
    assert "no bare host" in reason(160, URL, dhcp_server_name="host-only")


# --- 159 and 150: addresses


@pytest.mark.parametrize("code", [159, 150])
@pytest.mark.parametrize(
    ("content", "host"),
    [
        (ADDRESS, "192.0.2.9"),
        (ADDRESS + bytes([192, 0, 2, 10]), "192.0.2.9"),
        (bytes(4) + ADDRESS, "192.0.2.9"),
        (b"192.0.2.1", "192.0.2.1"),
        (b"10.0.0.1", "10.0.0.1"),  # eight octets, like two addresses
        (b"192.0.2.1, 192.0.2.2\x00", "192.0.2.1"),
    ],
)
def test_address_options_give_the_first_usable_address(code, content, host) -> None:
    assert parts(code, content) == (HOST, None, host, None)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "0 octets"),
        (b"\x01\x02\x03", "3 octets"),
        (b"http://pbx/x", "URL"),  # twelve octets, but no three addresses
        (bytes(8), "host's"),
        (b"\xff\xff\xff\xff\xe0\x00\x00\x01", "host's"),
    ],
)
def test_what_is_no_list_of_addresses_is_unusable(content, why) -> None:
    assert why in reason(150, content)


# --- 60, 43, 125: only text with a scheme


def test_vendor_options_may_carry_a_url_as_plain_text() -> None:
    for code in (60, 43):
        assert parts(code, URL) == (RULE, "http", "192.0.2.7", None)


@pytest.mark.parametrize("content", [b"PXEClient", b"CP-7832-3PCC\x00", b"dslforum.org", ADDRESS])
def test_a_word_in_a_vendor_option_is_no_server(content) -> None:
    for code in (60, 43, 125):
        assert "no text with a scheme" in reason(code, content)


def test_one_sub_option_of_43_may_carry_the_url() -> None:
    # RFC 2132 section 8.4: code, length, value; 0 pads, 255 ends.
    content = bytes([1, 4]) + ADDRESS + bytes([0, 2, len(URL)]) + URL + bytes([255])
    assert choose({43: content}).text == URL.decode()
    after_end = bytes([1, 1, 0, 255, 2, len(URL)]) + URL
    assert "no text" in reason(43, after_end)


def test_a_torn_sub_option_is_not_used() -> None:
    assert "no text" in reason(43, bytes([2, len(URL) + 1]) + URL)
    assert "no text" in reason(43, b"\x01")


def block(enterprise: int, data: bytes) -> bytes:
    # RFC 3925 section 4: enterprise number, length of the data, data.
    return enterprise.to_bytes(4) + bytes([len(data)]) + data


def test_option_125_counts_in_the_block_of_cisco_alone() -> None:
    sub_option = bytes([1, len(URL)]) + URL
    assert choose({125: block(9, sub_option)}).text == URL.decode()
    assert choose({125: block(3561, b"\x04\x01x") + block(9, URL)}).text == URL.decode()
    assert "no text" in reason(125, block(3561, sub_option))
    assert "no text" in reason(125, block(9, sub_option)[:-1])


def test_vendor_options_can_be_read_as_carrying_nothing() -> None:
    for code in (60, 43, 125):
        assert reason(code, USABLE[code], dhcp_vendor_content="ignored")


# --- anything at all


@given(
    st.dictionaries(st.sampled_from(sorted(USABLE)), st.binary(max_size=64)),
    st.one_of(st.just(DEFAULT_ORDER), st.text(max_size=30), st.text("0123456789, ", max_size=30)),
)
@example({43: b"\x01" * 65_536, 125: b"\x00" * 65_536}, "43,125" + "," * 1000 + "9" * 5000)
def test_no_content_and_no_order_raise(options, order) -> None:
    source, skipped = survey(options, order)
    assert all(each.entry and each.reason for each in skipped)
    if source is not None:
        assert source.text.isascii()
        assert source.text.isprintable()
        assert source.skipped == skipped
        assert source.host or source.kind is RULE
