"""Alias maps, and profiles that are somebody else's XML (SPA Provisioning Guide, alias)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import SERVER, booted

from hil.errors import ProfileError
from hil.reference.aliases import MOST_ALIASES, Aliases, read_aliases
from hil.reference.profiles import decode
from hil.reference.responses import HttpAnswer

# The guide's own example.
CUSTOMER = b"""<CPE>
  <SIP-Credentials>
    <name>J. Smith</name>
    <number>14085551234</number>
    <auth-secret>732091751563sfd</auth-secret>
  </SIP-Credentials>
</CPE>"""
FULL = (
    "/CPE/SIP-Credentials/name = /flat-profile/Display_Name_1_ ; "
    "/CPE/SIP-Credentials/number = /flat-profile/User_ID_1_ ; "
    "/CPE/SIP-Credentials/auth-secret = /flat-profile/Password_1_ ;"
)
SHORT = (
    "/SIP-Credentials/name=/flat-profile/Display_Name_1_;"
    "/SIP-Credentials/number = /flat-profile/User_ID_1_;\n/auth-secret = /flat-profile/Password_1_"
)
SMITH = {
    "Display_Name_1_": "J. Smith",
    "User_ID_1_": "14085551234",
    "Password_1_": "732091751563sfd",
}


def parameters(document: str | bytes, aliases: str) -> dict[str, str]:
    data = document if isinstance(document, bytes) else document.encode()
    return dict(decode(data, aliases=read_aliases(aliases)).parameters)


@pytest.mark.parametrize("aliases", [FULL, SHORT])
def test_the_example_of_the_guide_with_whole_paths_and_with_their_right_most_parts(
    aliases: str,
) -> None:
    assert parameters(CUSTOMER, aliases) == SMITH


def test_an_element_can_be_nested_further_than_the_alias_says() -> None:
    assert parameters(b"<accounts><one>" + CUSTOMER + b"</one></accounts>", FULL) == SMITH


def test_a_path_that_is_longer_than_the_element_s_matches_nothing() -> None:
    with pytest.raises(ProfileError, match="no flat-profile"):
        parameters("<name>x</name>", "/CPE/name = /flat-profile/Display_Name_1_ ;")


def test_without_the_map_the_document_is_no_profile() -> None:
    with pytest.raises(ProfileError, match="no flat-profile"):
        parameters(CUSTOMER, "")


def test_aliases_and_parameters_of_a_flat_profile_stand_side_by_side() -> None:
    document = (
        "<device><number>1</number><flat-profile><GPP_A>x</GPP_A><number>2</number>"
        "<Other><number>3</number></Other></flat-profile></device>"
    )
    found = parameters(document, "/flat-profile/number = /flat-profile/User_ID_1_ ;")
    assert found == {"GPP_A": "x", "User_ID_1_": "2", "Other": ""}
    everywhere = parameters(document, "/number = /flat-profile/User_ID_1_ ;")
    assert everywhere == {"GPP_A": "x", "User_ID_1_": "3", "Other": ""}


def test_of_two_aliases_that_match_the_first_counts() -> None:
    aliases = "/a/b = /flat-profile/GPP_A ; /b = /flat-profile/GPP_B ;"
    document = "<x><a><b>1</b></a><c><b>2</b></c></x>"
    assert parameters(document, aliases) == {"GPP_A": "1", "GPP_B": "2"}


def test_names_are_compared_in_their_case() -> None:
    assert parameters("<a><B>1</B><b>2</b></a>", "/a/b = /flat-profile/GPP_A;") == {"GPP_A": "2"}


def test_thirty_aliases_count_and_no_more() -> None:
    entries = [f"/e{number} = /flat-profile/GPP_A ;" for number in range(40)]
    assert len(read_aliases(" ".join(entries)).entries) == MOST_ALIASES == 30
    document = "<x><e29>thirty</e29><e30>thirty-one</e30></x>"
    assert parameters(document, " ".join(entries)) == {"GPP_A": "thirty"}


@pytest.mark.parametrize(
    "entry", ["", "a = b", "/a", "/a = ", "= /b", "//a = /b", "/a = b/", "/a/ = /b"]
)
def test_what_is_no_entry_is_as_if_it_were_not_there(entry: str) -> None:
    assert read_aliases(f"{entry}; /x = /flat-profile/GPP_A;") == Aliases(((("x",), "GPP_A"),))


@given(st.text(alphabet="/=; ab<", max_size=60), st.text(max_size=40))
def test_no_map_raises(structured: str, anything: str) -> None:
    for text in (structured, anything):
        read_aliases(text).name_of(["a", "b"])


@pytest.mark.parametrize("piece", ["/a", "/a/", "/a=", " ", "/a = /b ;", "/ "])
def test_a_long_map_takes_no_longer_than_it_is(piece: str) -> None:
    began = time.thread_time()
    read_aliases(piece * 20_000)
    assert time.thread_time() - began < 1


def test_the_rule_says_which_register_has_the_map() -> None:
    life = booted(Profile_Rule=f"[--alias m] http://{SERVER}/x", GPP_M=FULL, GPP_A="/x=/GPP_B;")
    life.begin(10).answer(11, HttpAnswer(200, CUSTOMER))
    assert life.phone.parameters.raw("User_ID_1_") == "14085551234"
    assert life.finished is not None
    assert life.finished.succeeded


def test_an_empty_register_makes_somebody_elses_xml_a_corrupt_file() -> None:
    life = booted(Profile_Rule=f"[--alias m] http://{SERVER}/x").begin(10)
    life.answer(11, HttpAnswer(200, CUSTOMER))
    assert life.finished is not None
    assert "corrupt" in life.finished.reason
