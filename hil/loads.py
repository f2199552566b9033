"""Test loads as files in a directory: made, right or wrong on purpose, and checked.

`hil.reference.loads` has the format and says what it is worth. Images are written and read piece by
piece, so 30 MiB cost no memory; `load_files` makes a small one in memory, for a test to serve.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from hil.errors import LoadError, LoadErrorKind, UsageError
from hil.reference import load_builder
from hil.reference.load_builder import PIECE, TEST_KEY
from hil.reference.loads import (
    MAX_MANIFEST,
    MAX_SIZE,
    SUFFIX,
    TEST_PUBLIC_KEY,
    Load,
    Member,
    check_member,
    load_name,
    read_load,
)
from hil.reference.versions import Version

_LONGEST_KEY = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Flaws:
    """What is wrong with a load on purpose; its manifest describes it as it ought to be.

    ``truncate`` leaves so many octets of the image, ``corrupt`` inverts the octet at this offset, and
    an ``unsigned`` manifest ends without its signature.
    """

    truncate: int | None = None
    corrupt: int | None = None
    unsigned: bool = False


NONE = Flaws()


def load_files(
    version: str,
    size: int,
    *,
    model: str = "7832",
    seed: str = "",
    key: bytes = TEST_KEY,
    flaws: Flaws = NONE,
) -> dict[str, bytes]:
    """The files of a load by their names, the manifest first; the arguments are `make_load`'s."""
    image = _Image(_name(version, model), size, seed, flaws)
    content = b"".join(image.pieces())
    return {image.manifest_name: image.manifest(model, key), image.name: content}


def make_load(
    directory: Path,
    version: str,
    size: int,
    *,
    model: str = "7832",
    seed: str = "",
    key: bytes = TEST_KEY,
    flaws: Flaws = NONE,
) -> Path:
    """Write a test load into a directory, which is made if need be; the path of its manifest.

    ``version`` is the load's name, such as ``sip7832.11-3-2MPP0001-610``, or without ``sip7832.``
    in front. The image has ``size`` octets (1 to `MAX_SIZE`) and is the same for the same version
    and ``seed``. ``model`` is the one that the manifest says it is for. ``key`` is the Ed25519
    private key (32 octets) that signs it. Raises `UsageError` for what cannot be made or written.
    """
    image = _Image(_name(version, model), size, seed, flaws)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / image.name).open("wb") as file:
            for piece in image.pieces():
                file.write(piece)
        path = directory / image.manifest_name
        path.write_bytes(image.manifest(model, key))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write to {directory}: {_reason(error)}") from error
    return path


def open_load(path: Path, *, model: str = "7832", trusted_key: bytes = TEST_PUBLIC_KEY) -> Load:
    """Read a manifest from a file; raises `LoadError`, and `UsageError` where it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MANIFEST + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return read_load(data, model=model, trusted_key=trusted_key)


def check_load(path: Path, *, model: str = "7832", trusted_key: bytes = TEST_PUBLIC_KEY) -> Load:
    """Read a manifest and hold each member beside it against it, as a phone does.

    Raises `LoadError` for what a phone would not install, such as a member that is not there
    (wrong-size); `UsageError` where a file cannot be read.
    """
    load = open_load(path, model=model, trusted_key=trusted_key)
    if load_name(path.name) != load.name:
        raise LoadError(LoadErrorKind.NOT_A_LOAD, f"{path.name} is a load called {load.name}")
    for member in load.members:
        check_member(member, *_measured(path.parent / member.name))
    return load


def read_key(path: Path) -> bytes:
    """The Ed25519 private key (32 octets) of a PEM file, as ``openssl genpkey`` writes it."""
    data = _key_file(path)
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path)
    return key.private_bytes_raw()


def read_public_key(path: Path) -> bytes:
    """The Ed25519 public key (32 octets) of a PEM file, or the public half of a private one."""
    data = _key_file(path)
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        private = Ed25519PrivateKey.from_private_bytes(read_key(path))
        return private.public_key().public_bytes_raw()
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path)
    return key.public_bytes_raw()


class _Image:
    """The one member of a test load, as it ought to be and as it is written."""

    def __init__(self, load: str, size: int, seed: str, flaws: Flaws) -> None:
        if not 1 <= size <= MAX_SIZE:
            raise UsageError(f"an image of {size} octets", remedy=f"1 to {MAX_SIZE}")
        for at in (flaws.truncate, flaws.corrupt):
            if at is not None and not 0 <= at < size:
                raise UsageError(f"no octet {at} in an image of {size}", remedy=f"0 to {size - 1}")
        self.load = load
        self.name = f"{load}.sbn"
        self.manifest_name = load + SUFFIX
        self._size = size
        self._seed = f"{load}/{seed}"
        self._flaws = flaws
        self._digest = hashlib.sha256()

    def pieces(self) -> Iterator[bytes]:
        """What is written; `manifest` is for afterwards."""
        start = 0
        end = self._size if self._flaws.truncate is None else self._flaws.truncate
        for piece in load_builder.image(self._seed, self._size):
            self._digest.update(piece)
            yield self._spoilt(piece, start)[: max(0, end - start)]
            start += len(piece)

    def manifest(self, model: str, key: bytes) -> bytes:
        """The manifest of the image as it ought to be."""
        member = Member(self.name, self._size, self._digest.hexdigest())
        unsigned = load_builder.manifest(Load(self.load, model, (member,)))
        return unsigned if self._flaws.unsigned else load_builder.sign(unsigned, key)

    def _spoilt(self, piece: bytes, start: int) -> bytes:
        at = self._flaws.corrupt
        if at is None or not start <= at < start + len(piece):
            return piece
        offset = at - start
        return piece[:offset] + bytes([piece[offset] ^ 0xFF]) + piece[offset + 1 :]


def _name(version: str, model: str) -> str:
    if not model.isascii() or not model.isalnum() or len(model) > 16:
        raise UsageError(f"{model[:40]!r} is no model", remedy="letters and digits, such as 7832")
    parsed = Version.parse(version)
    name = f"sip7832.{version}" if parsed is not None and parsed.format == "load " else version
    # The member's name is longer by a letter less than the manifest's suffix.
    if load_name("/" + name + SUFFIX) != name or len(name) > 120:
        raise UsageError(
            f"{version[:80]!r} cannot be the name of a load", remedy="sip7832.11-3-2MPP0001-610"
        )
    return name


def _measured(path: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                size += len(piece)
                digest.update(piece)
    except FileNotFoundError:
        raise LoadError(LoadErrorKind.WRONG_SIZE, f"{path.name} is not there") from None
    except OSError as error:
        raise _unreadable(path, error) from error
    return size, digest.hexdigest()


def _key_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_KEY)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _no_key(path: Path) -> UsageError:
    return UsageError(
        f"{path} has no Ed25519 key", remedy="openssl genpkey -algorithm ed25519 -out FILE"
    )


def _unreadable(path: Path, error: OSError | ValueError) -> UsageError:
    return UsageError(f"cannot read {path}: {_reason(error)}")


def _reason(error: OSError | ValueError) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
