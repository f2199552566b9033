"""Encryption agrees with published vectors and, both ways, with the openssl command."""

from __future__ import annotations

import shutil
import subprocess
from base64 import urlsafe_b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import ProfileError, ProfileErrorKind, UsageError
from hil.reference.profile_builder import encrypt, encrypt_rfc8188
from hil.reference.profile_crypto import derive_salted, open_gcm, open_salted

SECRET = "SecretPhrase1234"
SALT = bytes(range(8))
SALT16 = bytes(range(16))


def unpadded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def kind_of(call, *arguments) -> ProfileErrorKind:
    with pytest.raises(ProfileError) as caught:
        call(*arguments)
    return caught.value.kind


@pytest.mark.parametrize(
    ("digest", "key", "iv"),
    [
        (
            "md5",
            "02B4B43C835F3890EE33C79B9D9A37A9FBECCDCA2E31E9B4EAE21D95DDCB9D53",
            "977A51BB32DC5589B8B46BBE180EFFF4",
        ),
        (
            "sha256",
            "CA4E0BCD28D5D24F5A5AC1373C8741F4612989E3168D2ED1A571BF55C44A323F",
            "C3AAEFE455B11C918539161C79A4E9AD",
        ),
    ],
)
def test_key_and_iv_are_those_that_openssl_prints(digest, key, iv) -> None:
    # openssl enc -aes-256-cbc -md DIGEST -k SecretPhrase1234 -S 0001020304050607 -P
    derived = derive_salted(SECRET.encode(), bytes.fromhex("0001020304050607"), digest)
    assert derived == (bytes.fromhex(key), bytes.fromhex(iv))


def openssl(*arguments: str, data: bytes) -> bytes:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is missing: install the Debian package openssl")
    command = ["openssl", "enc", *arguments]
    return subprocess.run(command, input=data, capture_output=True, check=True, timeout=10).stdout


@pytest.mark.peer("openssl")
@pytest.mark.parametrize("digest", ["md5", "sha256"])
@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 1000])
def test_openssl_and_we_read_each_other(digest, length) -> None:
    text = bytes(number % 251 for number in range(length))
    options = ("-aes-256-cbc", "-md", digest, "-k", SECRET)
    assert openssl("-d", *options, data=encrypt(text, SECRET, salt=SALT, digest=digest)) == text
    assert open_salted(openssl("-e", *options, data=text), SECRET.encode(), digest) == text


@given(st.binary(max_size=200), st.text(max_size=20), st.sampled_from(["md5", "sha256"]))
def test_what_is_encrypted_is_decrypted(text, key, digest) -> None:
    assert open_salted(encrypt(text, key, salt=SALT, digest=digest), key.encode(), digest) == text


def test_a_salted_file_that_lost_its_end_is_bad_key() -> None:
    whole = encrypt(b"x" * 100, SECRET, salt=SALT)
    for length in range(len(whole)):
        assert kind_of(open_salted, whole[:length], SECRET.encode(), "sha256") == "bad-key"


# RFC 8188 section 3.1: one record, the empty key id.
EXAMPLE_1 = unpadded("I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg")
# RFC 8188 section 3.2: two records of 25 octets, key id "a1", one octet of padding in the first.
EXAMPLE_2 = unpadded(
    "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA"
)
KEY_1 = unpadded("yqdlZ-tYemfogSmv7Ws5PQ")
KEY_2 = unpadded("BO3ZVPxUlnLORbVGMpbT1Q")


def test_the_published_examples_decrypt() -> None:
    assert open_gcm(EXAMPLE_1, KEY_1) == b"I am the walrus"
    assert open_gcm(EXAMPLE_2, KEY_2) == b"I am the walrus"


def test_the_first_published_example_is_built_octet_for_octet() -> None:
    assert encrypt_rfc8188(b"I am the walrus", KEY_1, salt=EXAMPLE_1[:16]) == EXAMPLE_1


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=40), st.integers(18, 80))
def test_records_of_any_size_carry_any_text(text, ikm, record_size) -> None:
    sealed = encrypt_rfc8188(text, ikm, salt=SALT16, record_size=record_size, keyid=b"k")
    assert open_gcm(sealed, ikm) == text


def sealed(text: bytes = b"0123456789" * 5, record_size: int = 27) -> bytes:
    return encrypt_rfc8188(text, b"key", salt=SALT16, record_size=record_size)


def test_another_key_is_bad_key() -> None:
    assert kind_of(open_gcm, sealed(), b"kex") == "bad-key"


def test_damage_after_the_first_record_is_no_matter_of_the_key() -> None:
    body = bytearray(sealed())
    body[21 + 27 + 3] ^= 1
    assert kind_of(open_gcm, bytes(body), b"key") == "bad-encoding"


@pytest.mark.parametrize("keep", [1, 2, 3, 4])
def test_a_body_cut_between_records_is_noticed(keep) -> None:
    # Section 2: the last record has the delimiter 2; without it the body was truncated.
    assert kind_of(open_gcm, sealed()[: 21 + 27 * keep], b"key") == "bad-encoding"


def test_records_after_the_last_one_are_refused() -> None:
    body = sealed(b"0123456789", record_size=27)
    assert kind_of(open_gcm, body + bytes(27), b"key") == "bad-encoding"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        bytes(20),
        SALT16 + (17).to_bytes(4) + b"\0" + bytes(40),
        SALT16 + (4096).to_bytes(4) + b"\0",
        SALT16 + (4096).to_bytes(4) + b"\xff" + bytes(40),
        SALT16 + (4096).to_bytes(4) + b"\0" + bytes(16),
    ],
    ids=["empty", "short header", "record size 17", "no record", "key id beyond end", "tag only"],
)
def test_a_header_that_breaks_the_rfc_is_bad_encoding(body) -> None:
    assert kind_of(open_gcm, body, b"key") == "bad-encoding"


def test_impossible_salts_and_sizes_are_the_callers_mistake() -> None:
    with pytest.raises(UsageError, match="8 octets"):
        encrypt(b"", "k", salt=b"short")
    with pytest.raises(UsageError, match="16 octets"):
        encrypt_rfc8188(b"", b"k", salt=b"short")
    with pytest.raises(UsageError, match="at least 18"):
        encrypt_rfc8188(b"", b"k", salt=SALT16, record_size=17)
