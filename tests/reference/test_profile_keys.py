"""Encrypted profiles: which key opens what, and what a wrong one is told as."""

from __future__ import annotations

import pytest
from profile_readings import KEY, SALT, SALT16, XML, kind

from hil.reference.interpretations import DEFAULT
from hil.reference.profile_builder import compress, encrypt, encrypt_rfc8188
from hil.reference.profiles import decode


def test_an_encrypted_file_without_a_key_is_simply_not_xml() -> None:
    assert kind(encrypt(XML, KEY, salt=SALT)) == "not-xml"


def test_the_digest_is_a_reading() -> None:
    old = encrypt(XML, KEY, salt=SALT, digest="md5")
    assert kind(old, key=KEY) == "bad-key"
    for reading in ("md5", "either"):
        chosen = DEFAULT.choose(kdf_digest=reading)
        assert decode(old, key=KEY, interpretations=chosen).parameters == {"Resync_Periodic": "600"}


def test_no_wrong_key_is_taken_for_a_bad_document() -> None:
    # Of 1,000 keys some four leave valid padding; their noise must not become not-xml.
    body = encrypt(XML, KEY, salt=SALT)
    assert {kind(body, key=f"wrong {number}") for number in range(1000)} == {"bad-key"}


def test_a_right_key_shows_what_is_wrong_inside() -> None:
    def inside(body: bytes) -> str:
        return kind(encrypt(body, KEY, salt=SALT), key=KEY)

    assert inside(b"hello") == "not-xml"
    assert inside(b"") == "not-xml"
    assert inside(b"<html/>") == "no-flat-profile"
    assert inside(compress(XML)[:-1]) == "bad-gzip"
    assert inside("<flat-profile>ü".encode("latin-1")) == "bad-encoding"


def test_a_key_demands_an_encrypted_file_unless_read_otherwise() -> None:
    plain = DEFAULT.choose(key_without_encryption="plain")
    for body in (XML, compress(XML)):
        assert kind(body, key=KEY) == "bad-key"
        assert decode(body, key=KEY, interpretations=plain).parameters == {"Resync_Periodic": "600"}


def test_a_key_does_not_count_under_aes128gcm() -> None:
    sealed = encrypt_rfc8188(XML, b"ikm", salt=SALT16)
    assert decode(sealed, key="any", ikm="ikm", content_encoding="AES128GCM").parameters
    assert kind(sealed, key=KEY, content_encoding="aes128gcm") == "bad-key"  # no IKM is set


@pytest.mark.parametrize(
    ("reading", "text"), [("raw", "k?>k"), ("base64url", "az8-aw"), ("hex", "6b3f3e6b")]
)
def test_the_text_of_the_ikm_is_a_reading(reading, text) -> None:
    sealed = encrypt_rfc8188(XML, b"k?>k", salt=SALT16)
    chosen = DEFAULT.choose(ikm_encoding=reading)
    options = {"content_encoding": "aes128gcm", "interpretations": chosen}
    assert decode(sealed, ikm=text, **options).parameters == {"Resync_Periodic": "600"}
    if reading != "raw":
        assert kind(sealed, ikm="!", **options) == "bad-key"


def test_content_encodings_are_taken_off_from_the_outside() -> None:
    sealed = encrypt_rfc8188(compress(XML), b"ikm", salt=SALT16)
    options = {"ikm": b"ikm"}
    assert decode(sealed, content_encoding="gzip, aes128gcm", **options).parameters
    assert decode(compress(XML), content_encoding="x-gzip").parameters
    assert decode(XML, content_encoding="identity").parameters
    assert kind(XML, content_encoding="gzip") == "bad-gzip"
    assert kind(XML, content_encoding="br") == "bad-encoding"
    assert kind(XML, content_encoding="gzip, gzip") == "bad-encoding"
