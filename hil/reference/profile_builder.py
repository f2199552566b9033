"""Profiles as a provisioning server writes them: the inverse of `hil.reference.profiles`.

The steps compose in the order of the administration guide, chapter "Provisioning Formats": write the
XML, compress it, encrypt the result. Salts are arguments, so that the same call gives the same bytes.
"""

from __future__ import annotations

import re
import zlib
from html import escape

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hil.errors import UsageError
from hil.reference.profile_crypto import (
    BLOCK,
    MAGIC,
    MIN_RECORD,
    Digest,
    derive_gcm,
    derive_salted,
    nonce_of,
)

_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def flat_profile(**parameters: str) -> bytes:
    """Return an XML profile in UTF-8 that sets the parameters in the order given.

    Values are escaped, never trimmed. Raises `UsageError` for a name that is no element name and for
    a value with a character that XML cannot carry (XML 1.0 section 2.2).
    """
    lines = [b"<flat-profile>"]
    for name, value in parameters.items():
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is no element name", remedy="letters, digits, and any of _ . -"
            )
        if found := _UNWRITABLE.search(value):
            raise UsageError(f"{name}: XML cannot carry the character {found[0]!r}")
        lines.append(f"  <{name}>{escape(value, quote=False)}</{name}>".encode())
    lines.append(b"</flat-profile>\n")
    return b"\n".join(lines)


def writable(value: str) -> str:
    """Return a value as an XML document can show it: what XML cannot carry is a question mark."""
    return _UNWRITABLE.sub("?", value)


def element(name: str, value: str, **attributes: str) -> bytes:
    """Return one element with attributes such as ``ua="na"``, to stand inside a flat-profile."""
    written = "".join(f' {key}="{escape(text)}"' for key, text in attributes.items())
    return f"<{name}{written}>{escape(value, quote=False)}</{name}>".encode()


def compress(body: bytes) -> bytes:
    """Return the body as one gzip member (RFC 1952) without a time, name or comment."""
    compressor = zlib.compressobj(wbits=31)
    return compressor.compress(body) + compressor.flush()


def encrypt(body: bytes, key: str, *, salt: bytes, digest: Digest = "sha256") -> bytes:
    """Return what ``openssl enc -aes-256-cbc -md DIGEST -k KEY`` writes with this salt.

    Raises `UsageError` unless the salt has 8 octets.
    """
    if len(salt) != 8:
        raise UsageError(f"a salt of {len(salt)} octets", remedy="8 octets")
    secret, iv = derive_salted(key.encode(), salt, digest)
    padding = BLOCK - len(body) % BLOCK
    encryptor = Cipher(algorithms.AES256(secret), modes.CBC(iv)).encryptor()
    padded = body + bytes([padding]) * padding
    return MAGIC + salt + encryptor.update(padded) + encryptor.finalize()


def encrypt_rfc8188(
    body: bytes, ikm: bytes, *, salt: bytes, record_size: int = 4096, keyid: bytes = b""
) -> bytes:
    """Return the body in the content encoding aes128gcm (RFC 8188), without extra padding.

    ``record_size`` counts the octets of a record with its tag and delimiter, 18 to 2**32 - 1.
    Raises `UsageError` unless the salt has 16 octets and the key id at most 255.
    """
    if len(salt) != 16 or len(keyid) > 255 or not MIN_RECORD <= record_size < 2**32:
        raise UsageError(
            "no aes128gcm header can say that",
            remedy="a salt of 16 octets, a key id of at most 255, a record size of at least 18",
        )
    secret, base = derive_gcm(ikm, salt)
    aead = AESGCM(secret)
    step = record_size - BLOCK - 1
    starts = range(0, max(len(body), 1), step)
    records = [
        aead.encrypt(
            nonce_of(base, number),
            body[start : start + step] + (b"\x02" if start == starts[-1] else b"\x01"),
            None,
        )
        for number, start in enumerate(starts)
    ]
    header = salt + record_size.to_bytes(4) + bytes([len(keyid)]) + keyid
    return header + b"".join(records)
