"""Test loads as files: the inverse of `hil.reference.loads`.

The image of a test load is noise, the same for the same seed, and made piece by piece, so that a load
of any size costs no memory. The key that signs it is published right here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hil.errors import UsageError
from hil.reference.loads import FORMAT_LINE, SIGNATURE, Load

TEST_KEY = b"hil: for tests only, not secret!"
"""The Ed25519 private key (RFC 8032, 32 octets) whose public half is `loads.TEST_PUBLIC_KEY`."""
PIECE = 1 << 20
"""Octets of the pieces of an image."""


def image(seed: str, size: int) -> Iterator[bytes]:
    """``size`` octets of noise in pieces of `PIECE`: the same for the same seed."""
    cipher = Cipher(algorithms.AES256(hashlib.sha256(seed.encode()).digest()), modes.CTR(bytes(16)))
    noise = cipher.encryptor()
    for start in range(0, size, PIECE):
        yield noise.update(bytes(min(PIECE, size - start)))


def manifest(load: Load) -> bytes:
    """The ``.loads`` file of a load, without its signature."""
    lines = [f"model {load.model}", f"version {load.name}"]
    lines += [f"member {each.name} {each.size} {each.sha256}" for each in load.members]
    return FORMAT_LINE + "".join(f"{line}\n" for line in lines).encode("ascii")


def sign(unsigned: bytes, key: bytes = TEST_KEY) -> bytes:
    """A manifest with its signature by an Ed25519 private key; UsageError unless that has 32 octets."""
    try:
        private = Ed25519PrivateKey.from_private_bytes(key)
    except ValueError as error:
        raise UsageError(f"a private key of {len(key)} octets", remedy="Ed25519 has 32") from error
    return unsigned + SIGNATURE + private.sign(unsigned).hex().encode() + b"\n"
