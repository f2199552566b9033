"""What a downloaded profile sets, and why a bad one cannot be applied."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from profile_readings import KEY, SALT, SALT16, XML, kind, parameters

from hil.errors import ProfileError, UsageError
from hil.reference.interpretations import CATALOGUE, DEFAULT
from hil.reference.profile_builder import compress, element, encrypt, encrypt_rfc8188, flat_profile
from hil.reference.profiles import decode, expand_gzip

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
# A value as the phone keeps it: no white space at its ends, no newlines, only what XML can carry.
values = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=40
).map(lambda text: text.strip(" \t\r\n"))
profiles = st.dictionaries(names, values, max_size=8)


# --- XML: Administration Guide, "Provisioning Formats"


@given(profiles)
@example({"Log_Request_Msg": "$PN & <\"'> ]]> ü"})
def test_what_is_written_is_read(wanted) -> None:
    assert decode(flat_profile(**wanted)).parameters == wanted


@given(profiles, st.sampled_from(["sha256", "md5"]))
def test_every_layer_and_their_sum_read_the_same(wanted, digest) -> None:
    plain = flat_profile(**wanted)
    reading = DEFAULT.choose(kdf_digest=digest)
    for body in (plain, compress(plain)):
        assert decode(body).parameters == wanted
        salted = encrypt(body, KEY, salt=SALT, digest=digest)
        assert decode(salted, key=KEY, interpretations=reading).parameters == wanted
        sealed = encrypt_rfc8188(body, b"ikm", salt=SALT16, record_size=100)
        assert decode(sealed, ikm=b"ikm", content_encoding="aes128gcm").parameters == wanted


def test_flat_profile_may_be_nested_and_other_elements_are_ignored() -> None:
    text = "<device><x>1</x><y><flat-profile><A>2</A></flat-profile></y><B>3</B></device>"
    assert parameters(text) == {"A": "2"}


def test_tags_are_case_sensitive() -> None:
    assert parameters("<flat-profile><gpp_a>1</gpp_a></flat-profile>") == {"gpp_a": "1"}
    assert kind(b"<Flat-Profile><A>1</A></Flat-Profile>") == "no-flat-profile"


def test_the_last_occurrence_wins() -> None:
    text = (
        "<d><flat-profile><A>1</A><A>2</A></flat-profile><flat-profile><A>3</A></flat-profile></d>"
    )
    assert parameters(text) == {"A": "3"}


def test_white_space_is_stripped_and_newlines_become_spaces() -> None:
    text = "<flat-profile><A>\n  one\ntwo\r\nthree \t</A></flat-profile>"
    assert parameters(text) == {"A": "one two three"}


def test_entities_and_numeric_escapes_are_decoded() -> None:
    text = "<flat-profile><A>&lt;&gt;&amp;&quot;&apos; &#40; &#x2e;</A></flat-profile>"
    assert parameters(text) == {"A": "<>&\"' ( ."}


def test_declaration_comments_and_cdata_are_understood() -> None:
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?><!-- c --><flat-profile>'
        "<!-- <A>0</A> --><A>1<!-- x -->2<![CDATA[<3>]]></A></flat-profile>"
    )
    assert parameters(text) == {"A": "12<3>"}


def test_text_of_elements_inside_a_parameter_is_not_its_value() -> None:
    assert parameters("<flat-profile><A>1<B>2</B>3</A></flat-profile>") == {"A": "13"}


def test_user_access_attributes_of_the_last_occurrence_are_kept() -> None:
    body = (
        b"<flat-profile>" + element("A", "1", ua="na") + element("A", "2", ua="rw", um="y") + b"<B>"
        b"</B></flat-profile>"
    )
    assert decode(body).attributes == {"A": {"ua": "rw", "um": "y"}}


EMPTIES = "<flat-profile><A>1</A><A/><B>2</B><C></C><C>3</C><D> </D></flat-profile>"


@pytest.mark.parametrize(
    ("reading", "expected", "cleared"),
    [
        ("set-empty", {"A": "", "B": "2", "C": "3", "D": ""}, set()),
        ("default", {"B": "2", "C": "3"}, {"A", "D"}),
        ("unchanged", {"A": "1", "B": "2", "C": "3"}, set()),
    ],
)
def test_an_empty_element_has_three_published_meanings(reading, expected, cleared) -> None:
    profile = decode(EMPTIES.encode(), interpretations=DEFAULT.choose(empty_element=reading))
    assert (profile.parameters, profile.cleared) == (expected, cleared)


def test_two_quotes_are_an_empty_string_only_where_empty_means_default() -> None:
    text = '<flat-profile><A>""</A></flat-profile>'
    assert parameters(text, empty_element="default") == {"A": ""}
    assert parameters(text) == {"A": '""'}


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"hello", b"<", b"<flat-profile><A>1</A>", b"<a/><b/>", XML + b"x", b"<a>&b;</a>"]
    + [XML[:length] for length in range(1, len(XML) - 2)]
    + [b"<a>\x00</a>", b"\x89PNG\r\n\x1a\n", b'<!DOCTYPE a SYSTEM "http://x/y.dtd"><a>&b;</a>'],
)
def test_what_is_not_well_formed_is_not_xml(body) -> None:
    assert kind(body) == "not-xml"


def test_xml_without_a_flat_profile_is_corrupt_unless_read_otherwise() -> None:
    assert kind(b"<html><body/></html>") == "no-flat-profile"
    assert parameters("<html/>", corrupt_profile="malformed-only") == {}


@pytest.mark.parametrize(
    "body",
    [
        "<flat-profile><A>ü</A></flat-profile>".encode("latin-1"),
        "<flat-profile><A>1</A></flat-profile>".encode("utf-16"),
        "<flat-profile><A>1</A></flat-profile>".encode("utf-16-le"),
        "<flat-profile><A>1</A></flat-profile>".encode("utf-32-be"),
    ],
    ids=["latin-1", "utf-16", "utf-16-le", "utf-32-be"],
)
def test_only_utf_8_is_supported(body) -> None:
    assert kind(body) == "bad-encoding"


def test_a_byte_order_mark_of_utf_8_does_no_harm() -> None:
    assert decode(b"\xef\xbb\xbf" + XML).parameters == {"Resync_Periodic": "600"}


# --- gzip: RFC 1952


def test_gzip_is_found_by_its_header_and_may_have_members() -> None:
    assert (
        expand_gzip(gzip.compress(XML[:10]) + gzip.compress(b"") + gzip.compress(XML[10:])) == XML
    )


def test_a_damaged_or_truncated_gzip_is_bad_gzip() -> None:
    body = compress(XML)
    for length in range(2, len(body)):
        assert kind(body[:length]) == "bad-gzip"
    assert kind(body[:-5] + bytes([body[-5] ^ 1]) + body[-4:]) == "bad-gzip"  # the CRC


@pytest.mark.parametrize("rest", [b"\x00", b"garbage", b"\x1f\x8b"])
def test_nothing_may_follow_the_last_member(rest) -> None:
    assert kind(compress(XML) + rest) == "bad-gzip"


def test_gzip_in_gzip_is_not_xml() -> None:
    assert kind(compress(compress(XML))) == "not-xml"


def test_the_limit_holds_to_the_octet() -> None:
    assert len(expand_gzip(compress(bytes(1000)), 1000)) == 1000
    with pytest.raises(ProfileError, match="too-large"):
        expand_gzip(compress(bytes(1001)), 1000)
    assert kind(XML, max_size=len(XML) - 1) == "too-large"
    assert decode(XML, max_size=len(XML)).parameters


# --- anything at all


hostile = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=200).map(lambda data: b"Salted__" + data),
    st.binary(max_size=200).map(lambda data: b"\x1f\x8b\x08" + data),
    st.binary(max_size=200).map(lambda data: b"<flat-profile>" + data + b"</flat-profile>"),
    st.binary(max_size=200).map(compress),
)
readings = st.fixed_dictionaries(
    {
        entry.name: st.sampled_from(entry.candidates)
        for entry in CATALOGUE
        if entry.key in {"I9", "I10", "I22", "I32", "I33"}
    }
)


@given(
    hostile,
    st.none() | st.text(st.characters(), max_size=10),
    st.none() | st.text(max_size=20) | st.sampled_from(["aes128gcm", "gzip"]),
    st.none() | st.binary(max_size=20) | st.text(st.characters(), max_size=20),
    readings,
)
@example(b"Salted__" + bytes(24), "\ud800", None, None, {})
@example(bytes(60), None, "aes128gcm", "\u0130=", {"ikm_encoding": "base64url"})
def test_no_bytes_raise_anything_but_a_profile_error(data, key, encoding, ikm, chosen) -> None:
    interpretations = DEFAULT.choose(**chosen)
    with suppress(ProfileError):
        decode(data, key=key, content_encoding=encoding, ikm=ikm, interpretations=interpretations)


# --- the builder itself


@pytest.mark.parametrize("name", ["", "1A", "a b", "a<b", "é"])
def test_no_profile_is_built_with_a_name_that_xml_does_not_allow(name) -> None:
    with pytest.raises(UsageError, match="no element name"):
        flat_profile(**{name: "x"})


@pytest.mark.parametrize("value", ["\x00", "\x1b", "\ud800", "\uffff"])
def test_no_profile_is_built_with_a_character_that_xml_cannot_carry(value) -> None:
    with pytest.raises(UsageError, match="GPP_A"):
        flat_profile(GPP_A=value)


def test_compression_is_plain_gzip_and_always_the_same() -> None:
    assert zlib.decompress(compress(XML), wbits=31) == XML
    assert compress(XML)[4:8] == bytes(4)  # RFC 1952 section 2.3.1: no MTIME
