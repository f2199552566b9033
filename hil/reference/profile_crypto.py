"""The two ways in which a profile is encrypted, as bytes to bytes.

*Salted* is what ``openssl enc -aes-256-cbc -k SECRET`` writes: the eight octets ``Salted__``, an
eight-octet salt, then AES-256-CBC with PKCS #7 padding. Key and IV come from EVP_BytesToKey with one
iteration; its digest is MD5 or SHA-256 by the age of the command (interpretation I10).

*aes128gcm* is the content encoding of RFC 8188: a header with salt, record size and key id, then
records, each sealed on its own and ended by a delimiter that tells the last one from the others.

CBC carries no authentication, so a wrong key is noticed by its padding alone, and passes in one of
256 cases; who decrypts a profile must look at the text, too (`hil.reference.profiles`). In
aes128gcm the first record's tag tells.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hil.errors import ProfileError, ProfileErrorKind

Digest = Literal["sha256", "md5"]

MAGIC = b"Salted__"
"""The first eight octets of every file that ``openssl enc`` encrypts with a passphrase."""

BLOCK = 16
"""AES block and GCM tag, in octets."""

SALTED_HEADER = 16
"""Octets of ``Salted__`` and the salt."""

GCM_HEADER = 21
"""Octets of salt (16), record size (4) and key id length (1): RFC 8188 section 2.1."""

MIN_RECORD = BLOCK + 2
"""The least record size, in octets, that RFC 8188 section 2 allows: tag, delimiter, one of data."""


def derive_salted(secret: bytes, salt: bytes, digest: Digest) -> tuple[bytes, bytes]:
    """Return the 32-octet key and the 16-octet IV of EVP_BytesToKey with one iteration."""
    derived = block = b""
    while len(derived) < 48:
        block = hashlib.new(digest, block + secret + salt, usedforsecurity=False).digest()
        derived += block
    return derived[:32], derived[32:48]


def open_salted(body: bytes, secret: bytes, digest: Digest) -> bytes:
    """Decrypt a *Salted* file.

    Raises `ProfileError` of kind bad-key where the magic is missing, the length is no whole number
    of blocks (a truncated file) or the padding shows that the key is another one.
    """
    if not body.startswith(MAGIC):
        raise ProfileError(ProfileErrorKind.BAD_KEY, "the file does not begin with Salted__")
    ciphertext = body[SALTED_HEADER:]
    if not ciphertext or len(ciphertext) % BLOCK:
        raise ProfileError(
            ProfileErrorKind.BAD_KEY,
            f"{len(ciphertext)} octets of ciphertext are no whole number of AES blocks",
        )
    key, iv = derive_salted(secret, body[len(MAGIC) : SALTED_HEADER], digest)
    decryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).decryptor()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    length = padded[-1]
    # A length of 0 compares all of it with nothing.
    if length > BLOCK or padded[-length:] != bytes([length]) * length:
        raise ProfileError(
            ProfileErrorKind.BAD_KEY, f"the padding is wrong after decryption ({digest})"
        )
    return padded[:-length]


def derive_gcm(ikm: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """Return the content-encryption key and the base nonce of RFC 8188 sections 2.2 and 2.3."""

    def expand(info: bytes, length: int) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(ikm)

    return (
        expand(b"Content-Encoding: aes128gcm\x00", 16),
        expand(b"Content-Encoding: nonce\x00", 12),
    )


def nonce_of(base: bytes, record: int) -> bytes:
    """Return the nonce of the record with this sequence number, counted from 0 (section 2.3)."""
    return (int.from_bytes(base) ^ record).to_bytes(12)


def open_gcm(body: bytes, ikm: bytes) -> bytes:
    """Decrypt a body whose content encoding is aes128gcm (RFC 8188).

    Raises `ProfileError`: bad-key when the first record's tag does not fit, which is the key or, for
    all that can be told, damage in that record; bad-encoding when the header or the sequence of
    records breaks the RFC, a later record is damaged (the first one proved the key), or the last
    record is missing.
    """
    size = int.from_bytes(body[16:20])
    if size < MIN_RECORD:
        raise _broken(f"the record size of {size} is less than {MIN_RECORD}")
    start = GCM_HEADER + int.from_bytes(body[20:21])
    if len(body) <= start:
        raise _broken("the body ends before its first record")
    key, base = derive_gcm(ikm, body[:16])
    return b"".join(_open_records(body, start, size, AESGCM(key), base))


def _open_records(body: bytes, start: int, size: int, aead: AESGCM, base: bytes) -> Iterator[bytes]:
    for number, offset in enumerate(range(start, len(body), size)):
        record = body[offset : offset + size]
        if len(record) <= BLOCK:
            raise _broken(f"record {number} of {len(record)} octets has no room for its tag")
        try:
            text = aead.decrypt(nonce_of(base, number), record, None)
        except InvalidTag:
            if number:
                raise _broken(f"record {number} is damaged") from None
            raise ProfileError(
                ProfileErrorKind.BAD_KEY, "the first record was not sealed with this key"
            ) from None
        # The delimiter is the last octet that is not zero: 2 in the last record, 1 before it.
        stripped = text.rstrip(b"\x00")
        last = offset + size >= len(body)
        if not stripped or stripped[-1] != (2 if last else 1):
            raise _broken(f"record {number} does not end in its delimiter (a truncated body?)")
        yield stripped[:-1]


def _broken(reason: str) -> ProfileError:
    return ProfileError(ProfileErrorKind.BAD_ENCODING, f"aes128gcm: {reason}")
