"""The format of test loads: what an upgrade installs, and each reason why it must not.

The vendor's own format is unpublished, so what is required here is what the upgrade rests on: a load
is known by its name, belongs to a model, is signed, and names its files with size and digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import LoadError, LoadErrorKind, SpecificationError, UsageError
from hil.reference.load_builder import PIECE, TEST_KEY, image, manifest, sign
from hil.reference.loads import (
    MAX_MANIFEST,
    MAX_MEMBERS,
    TEST_PUBLIC_KEY,
    Load,
    Member,
    check_member,
    load_name,
    member_path,
    read_load,
)
from hil.reference.versions import Version

NAME = "sip7832.11-3-2MPP0001-609"
DIGEST = hashlib.sha256(b"image").hexdigest()
IMAGE = Member(f"{NAME}.sbn", 5, DIGEST)
LOAD = Load(NAME, "7832", (IMAGE,))
TEXT = f"""hil test load 1
model 7832
version sip7832.11-3-2MPP0001-609
member sip7832.11-3-2MPP0001-609.sbn 5 {DIGEST}
"""


def refused(data: bytes, **options) -> LoadErrorKind:
    with pytest.raises(LoadError) as error:
        read_load(data, **options)
    assert error.value.reason
    return error.value.kind


def signed(*lines: str) -> bytes:
    return sign("".join(f"{line}\n" for line in ("hil test load 1", *lines)).encode())


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/firmware/sip7832.11-0-1MPP-321.loads", "sip7832.11-0-1MPP-321"),
        ("/sip7832.11-3-2MPP0001-BN.loads", "sip7832.11-3-2MPP0001-BN"),
        ("/a/b/sip7832.12.0.2MPP0001.116.loads?key=1/2", "sip7832.12.0.2MPP0001.116"),
        ("/firmware/sip7832.11-0-1MPP-321", None),
        ("/firmware/sip7832.11-0-1MPP-321.loads.gz", None),
        ("/firmware?file=a.loads", None),
        ("/.loads", None),
        ("/..loads", None),
        ("/a b.loads", None),
        ("/" + "x" * 129 + ".loads", None),
        ("", None),
    ],
)
def test_the_load_is_named_by_the_end_of_the_path(path, name):
    assert load_name(path) == name


def test_a_load_knows_its_version_where_the_name_fits_a_grammar():
    assert LOAD.version == Version.parse("sip7832.11-3-2MPP0001-609")
    assert LOAD.version is not None
    assert replace(LOAD, name="sip7832.11-3-1MSR3-3").version is None


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("/x.loads", f"/{NAME}.sbn"),
        ("/fw/11/x.loads?a=/b/", f"/fw/11/{NAME}.sbn"),
    ],
)
def test_members_lie_in_the_directory_of_the_load(path, member):
    assert member_path(path, IMAGE) == member


# -- reading ---------------------------------------------------------------------------------------


def test_a_load_is_a_signed_text():
    assert manifest(LOAD) == TEXT.encode()
    assert read_load(sign(TEXT.encode())) == LOAD


def test_a_load_may_have_several_members():
    members = tuple(replace(IMAGE, name=f"part{number}.sbn") for number in range(MAX_MEMBERS))
    load = replace(LOAD, members=members)
    assert read_load(sign(manifest(load))) == load
    assert load.size == 5 * MAX_MEMBERS


def test_the_test_key_is_known_to_everyone_and_says_so():
    assert TEST_KEY == b"hil: for tests only, not secret!"
    assert read_load(sign(TEXT.encode(), TEST_KEY), trusted_key=TEST_PUBLIC_KEY) == LOAD


def test_another_key_is_not_trusted():
    other = sign(TEXT.encode(), b"another key, of thirty-two byte.")
    assert refused(other) is LoadErrorKind.BAD_SIGNATURE
    with pytest.raises(UsageError, match="32"):
        read_load(other, trusted_key=b"short")
    with pytest.raises(UsageError, match="32"):
        sign(b"", b"short")


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode() + b"signature \n",
        TEXT.encode() + b"signature " + b"0" * 128 + b"\n",
        sign(TEXT.encode())[:-1],
        sign(TEXT.encode()) + b"\n",
        sign(TEXT.encode()).replace(b"609.sbn", b"610.sbn"),
        sign(TEXT.encode()).replace(b"model 7832", b"model 8832"),
        sign(sign(TEXT.encode())).replace(b"609\n", b"610\n"),
    ],
    ids=["none", "empty", "zeros", "cut", "beyond", "member", "model", "twice"],
)
def test_what_is_not_signed_as_it_stands_is_refused(data):
    assert refused(data) is LoadErrorKind.BAD_SIGNATURE


def test_a_load_for_another_model_is_refused():
    other = sign(manifest(replace(LOAD, model="8832")))
    assert refused(other) is LoadErrorKind.WRONG_MODEL
    assert read_load(other, model="8832").model == "8832"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>not found</html>",
        b"\x7fELF" + bytes(100),
        TEXT.encode()[1:],
        TEXT.replace("load 1", "load 2").encode(),
        signed(),
        signed("model 7832"),
        signed("version x", "model 7832", f"member a.sbn 1 {DIGEST}"),
        signed("model 7832", "version ../x", f"member a.sbn 1 {DIGEST}"),
        signed("model 7832", "version x"),
        signed("model 7832", "version x", "member a.sbn 1"),
        signed("model 7832", "version x", f"member a.sbn -1 {DIGEST}"),
        signed("model 7832", "version x", f"member a.sbn 1 {DIGEST.upper()}"),
        signed("model 7832\r", "version x", f"member a.sbn 1 {DIGEST}"),
        signed("model 7832", "version x", f"member a.sbn 1 {DIGEST}", ""),
        sign(TEXT.encode().replace(b"7832\n", b"\xe9\n", 1)),
    ],
)
def test_what_does_not_follow_the_format_is_no_load(data):
    assert refused(data) is LoadErrorKind.NOT_A_LOAD


@pytest.mark.parametrize(
    "name",
    ["../a.sbn", "/etc/passwd", "a/b.sbn", "..", ".hidden", "a\\b", "x" * 129, "b.loads", "twice"],
)
def test_a_member_is_a_plain_name_in_the_same_directory(name):
    lines = [f"member {each} 1 {DIGEST}" for each in ("twice", name)]
    assert refused(signed("model 7832", "version x", *lines)) is LoadErrorKind.BAD_MEMBER


def test_an_empty_member_is_refused():
    empty = signed("model 7832", "version x", f"member a.sbn 0 {DIGEST}")
    assert refused(empty) is LoadErrorKind.BAD_MEMBER


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (
            signed(
                *("model 7832", "version x"),
                *(f"member m{number} 1 {DIGEST}" for number in range(MAX_MEMBERS + 1)),
            ),
            LoadErrorKind.TOO_MANY_MEMBERS,
        ),
        (
            signed("model 7832", "version x", f"member a {256 << 20} {DIGEST}", f"member b 1 {DIGEST}"),
            LoadErrorKind.TOO_LARGE,
        ),
        (
            signed("model 7832", "version x", f"member a {10**12 - 1} {DIGEST}"),
            LoadErrorKind.TOO_LARGE,
        ),
        (signed("x" * MAX_MANIFEST), LoadErrorKind.TOO_LARGE),
    ],
    ids=["members", "together", "one", "manifest"],
)  # fmt: skip
def test_what_is_absurdly_large_is_refused(data, kind):
    assert refused(data) is kind


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: signed(text))))
def test_whatever_arrives_is_a_load_or_a_typed_error(data):
    with pytest.raises(LoadError):
        read_load(data)


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, len(sign(TEXT.encode())) - 1), xor=st.integers(1, 255))
def test_no_octet_of_a_load_can_be_changed(at, xor):
    data = bytearray(sign(TEXT.encode()))
    data[at] ^= xor
    with pytest.raises(LoadError):
        read_load(bytes(data))


# -- members ---------------------------------------------------------------------------------------


def test_a_member_is_right_by_its_size_and_digest():
    check_member(IMAGE, 5, DIGEST)
    check_member(IMAGE, 5, DIGEST.upper())


@pytest.mark.parametrize(
    ("size", "digest", "kind"),
    [
        (4, DIGEST, LoadErrorKind.WRONG_SIZE),
        (4, "", LoadErrorKind.WRONG_SIZE),
        (5, hashlib.sha256(b"imagf").hexdigest(), LoadErrorKind.WRONG_DIGEST),
        (5, "", LoadErrorKind.WRONG_DIGEST),
    ],
)
def test_a_truncated_or_damaged_member_is_refused(size, digest, kind):
    with pytest.raises(SpecificationError) as error:
        check_member(IMAGE, size, digest)
    assert isinstance(error.value, LoadError)
    assert error.value.kind is kind
    assert IMAGE.name in str(error.value)


# -- images ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_an_image_has_the_size_asked_for_in_pieces(size):
    pieces = list(image("seed", size))
    assert sum(map(len, pieces)) == size
    assert all(len(piece) == PIECE for piece in pieces[:-1])


def test_an_image_is_the_same_for_the_same_seed_and_noise():
    first, again, other = (b"".join(image(seed, 4096)) for seed in ("a", "a", "b"))
    assert first == again != other
    assert len(set(first)) == 256
