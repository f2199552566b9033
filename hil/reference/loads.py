"""Firmware loads: what a ``.loads`` file says, and whether the files that it names are the right ones.

An Upgrade_Rule names ``…/NAME.loads``, for instance ``sip7832.11-3-2MPP0001-609.loads``; the release
has other files, which must lie in the same directory (release notes 12.0(4)). The inside of these
files is unpublished. This format is therefore an interpretation, made for test loads only: no real
phone installs one, and no vendor's load is read here. It has what any such format needs, so that
each thing that can go wrong with an upgrade can be made to. ASCII, each line ended by a newline::

    hil test load 1
    model 7832
    version sip7832.11-3-2MPP0001-609
    member sip7832.11-3-2MPP0001-609.sbn 31457280 <SHA-256, 64 hexadecimal digits>
    signature <Ed25519 (RFC 8032), 128 hexadecimal digits>

The signature covers every octet before its line. The phone carries the public key; nothing but the
first line is believed before the signature fits. One to `MAX_MEMBERS` members, each a plain file
name: none has a slash, so none leads out of the directory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hil.errors import LoadError, LoadErrorKind, UsageError
from hil.reference.versions import Version

SUFFIX = ".loads"
"""How the path of a load ends."""
FORMAT_LINE = b"hil test load 1\n"
SIGNATURE = b"signature "
MAX_MANIFEST = 16 * 1024
"""Octets of a ``.loads`` file."""
MAX_MEMBERS = 32
MAX_SIZE = 256 << 20
"""Octets of all members together; published releases have some 31 MB."""
TEST_PUBLIC_KEY = bytes.fromhex("375d7035b3c6a46f078d62463f8381a8cf53e0bf046166ed1c6abc7304d2c5ee")
"""The Ed25519 public key that a virtual phone carries. Its private half is published in
`hil.reference.load_builder`: it proves that a file is undamaged, and nothing about who made it."""

_PUBLIC_KEY_SIZE = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MODEL = re.compile(r"model ([A-Za-z0-9]{1,16})")
_VERSION = re.compile(r"version ([A-Za-z0-9][A-Za-z0-9._-]{0,127})")
_MEMBER = re.compile(r"member ([!-~]+) ([0-9]{1,12}) ([0-9a-f]{64})")
_SIGNED = re.compile(rb"[0-9a-f]{128}\n")


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a load: its name in the directory of the ``.loads`` file, octets, and digest.

    ``sha256`` has 64 hexadecimal digits in lower case.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Load:
    """A firmware load. ``name`` is what $SWVER says once it runs: ``sip7832.11-3-2MPP0001-609``."""

    name: str
    model: str
    members: tuple[Member, ...]

    @property
    def version(self) -> Version | None:
        """The name as a version, or None where it fits neither published grammar."""
        return Version.parse(self.name)

    @property
    def size(self) -> int:
        """Octets of all members."""
        return sum(member.size for member in self.members)


def load_name(path: str) -> str | None:
    """The name of the load that a rule's path asks for; None if it names none.

    ``/firmware/sip7832.11-3-2MPP0001-609.loads`` gives ``sip7832.11-3-2MPP0001-609``. A query is no
    part of the name.
    """
    file = path.partition("?")[0].rpartition("/")[2]
    name = file.removesuffix(SUFFIX)
    return name if name != file and _NAME.fullmatch(name) else None


def member_path(path: str, member: Member) -> str:
    """Where a member lies, given the path of its ``.loads`` file; a query is left out."""
    return path.partition("?")[0].rpartition("/")[0] + "/" + member.name


def read_load(data: bytes, *, model: str = "7832", trusted_key: bytes = TEST_PUBLIC_KEY) -> Load:
    """Read a ``.loads`` file for a phone of ``model`` that trusts an Ed25519 public key (32 octets).

    Raises `LoadError`, and for any ``data`` nothing else: not-a-load, bad-signature (none or a wrong
    one), wrong-model, bad-member (no plain name, twice the same, itself a load, or empty),
    too-many-members, too-large (the file, or its members together).
    """
    if len(data) > MAX_MANIFEST:
        raise LoadError(LoadErrorKind.TOO_LARGE, f"{len(data)} octets, {MAX_MANIFEST} is most")
    if not data.startswith(FORMAT_LINE):
        raise LoadError(LoadErrorKind.NOT_A_LOAD, "the file does not begin with its format line")
    # The signature verified these octets, so whatever is wrong from here on was signed as it stands.
    lines = _signed_lines(data, trusted_key)
    made_for = _field(_MODEL, lines, 0)
    name = _field(_VERSION, lines, 1)
    if made_for != model:
        raise LoadError(LoadErrorKind.WRONG_MODEL, f"made for {made_for}, this is a {model}")
    members = lines[2:]
    if len(members) > MAX_MEMBERS:
        raise LoadError(
            LoadErrorKind.TOO_MANY_MEMBERS, f"{len(members)} members, {MAX_MEMBERS} are most"
        )
    return Load(name, made_for, _members(members))


def check_member(member: Member, size: int, sha256: str) -> None:
    """Hold a file that was fetched, by its octets and digest, against what the load says of it.

    Raises `LoadError`: wrong-size (a truncated file) or wrong-digest (a damaged one).
    """
    if size != member.size:
        raise LoadError(
            LoadErrorKind.WRONG_SIZE, f"{member.name} has {size} octets, {member.size} are due"
        )
    if sha256.lower() != member.sha256:
        raise LoadError(LoadErrorKind.WRONG_DIGEST, f"{member.name} is damaged")


def _signed_lines(data: bytes, trusted_key: bytes) -> list[str]:
    """The lines between the first and the signature, once it fits."""
    if len(trusted_key) != _PUBLIC_KEY_SIZE:
        raise UsageError(f"a public key of {len(trusted_key)} octets", remedy="Ed25519 has 32")
    signed, mark, rest = data.rpartition(b"\n" + SIGNATURE)
    match = _SIGNED.fullmatch(rest)
    if not mark or match is None:
        raise LoadError(LoadErrorKind.BAD_SIGNATURE, "the file does not end with a signature")
    signed += b"\n"
    try:
        key = Ed25519PublicKey.from_public_bytes(trusted_key)
        key.verify(bytes.fromhex(match.group().decode()), signed)
    except InvalidSignature:
        raise LoadError(
            LoadErrorKind.BAD_SIGNATURE, "not signed with the key that the phone trusts"
        ) from None
    try:
        text = signed[len(FORMAT_LINE) :].decode("ascii")
    except UnicodeDecodeError:
        raise LoadError(LoadErrorKind.NOT_A_LOAD, "the file is not ASCII") from None
    return text.split("\n")[:-1]


def _field(pattern: re.Pattern[str], lines: list[str], at: int) -> str:
    match = pattern.fullmatch(lines[at]) if at < len(lines) else None
    if match is None:
        what = pattern.pattern.partition(" ")[0]
        raise LoadError(LoadErrorKind.NOT_A_LOAD, f"line {at + 2} does not tell the {what}")
    return match[1]


def _members(lines: list[str]) -> tuple[Member, ...]:
    members: dict[str, Member] = {}
    for line in lines:
        match = _MEMBER.fullmatch(line)
        if match is None:
            raise LoadError(LoadErrorKind.NOT_A_LOAD, f"{line[:80]!r} is no member")
        name, size, sha256 = match.groups()
        if not _NAME.fullmatch(name) or name.endswith(SUFFIX) or name in members:
            raise LoadError(LoadErrorKind.BAD_MEMBER, f"{name[:80]!r} cannot be a member's name")
        if not int(size):
            raise LoadError(LoadErrorKind.BAD_MEMBER, f"{name} is empty")
        members[name] = Member(name, int(size), sha256)
    if not members:
        raise LoadError(LoadErrorKind.NOT_A_LOAD, "the load has no members")
    total = sum(member.size for member in members.values())
    if total > MAX_SIZE:
        raise LoadError(LoadErrorKind.TOO_LARGE, f"members of {total} octets, {MAX_SIZE} are most")
    return tuple(members.values())
