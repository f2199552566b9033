"""A downloaded file becomes the parameters it sets, or the one reason why it cannot.

The file is peeled in a fixed order, and the first layer that fails names the error's kind:

1. the body exceeds the size limit: too-large;
2. the content encoding, from the outermost: aes128gcm is opened with the IKM (bad-key when there is
   none or it does not fit, bad-encoding when the records break RFC 8188), gzip is expanded, any
   other name is bad-encoding. After aes128gcm the rule's ``--key`` does not count;
3. ``--key``: a *Salted* file is decrypted; any other file is bad-key (interpretation I32);
4. gzip, by its header and not by any name: bad-gzip, or too-large when it expands beyond the limit;
5. the character set: what begins like XML and is not UTF-8 is bad-encoding;
6. XML: not-xml, or too-large for entities that expand, or elements that nest, beyond the limit;
7. the ``flat-profile`` element: no-flat-profile.

Without a key an encrypted file is like any other that is no XML. A wrong key leaves valid padding in
one of 256 cases; the text is then noise, so decryption counts as successful only if what it yields
has the beginning of a gzip file or an XML document, or is UTF-8 text throughout. A file that was
binary noise before it was encrypted is thus bad-key as well: the two cannot be told apart.

The XML is read by a streaming parser that holds one parameter at a time and never opens anything.
Of entities it knows the five of XML and the numeric ones; a document type declaration is skipped,
but one that declares entities or attributes is refused, before any of them is expanded.

Source: Administration Guide, chapter "Provisioning Formats"; the chapter "Provisioning Parameters"
says only that a corrupt file fails the resync (Resync Error Retry Delay).
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from hil.errors import ProfileError, ProfileErrorKind
from hil.reference.aliases import NO_ALIASES, Aliases
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.profile_crypto import MAGIC, Digest, open_gcm, open_salted
from hil.reference.profile_xml import read_flat_profile

MAX_SIZE = 4 * 1024 * 1024
"""Octets that a profile may have, as it arrives and after each step; a full dump has some 200 KiB."""

GZIP_MAGIC = b"\x1f\x8b"

_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*+<[A-Za-z_:?!]")
_FOREIGN = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<", b"\x00\x00\xfe\xff", b"\x00\x00\x00<")
_CHUNK = 4096
_EMPTY = ("", '""')


@dataclass(frozen=True, slots=True)
class Profile:
    """What one profile sets.

    ``parameters`` maps each XML name, known or not, to the value of its last occurrence: stripped,
    newlines turned into spaces, entities decoded. ``attributes`` has the last occurrence's XML
    attributes (``ua``, ``user-pref``) where there were any. ``cleared`` names the parameters that
    return to their defaults: those whose last element is empty, under the reading *default* of
    interpretation I9. Under *set-empty* they are in ``parameters`` with an empty value, under
    *unchanged* they are as if they were not there.
    """

    parameters: Mapping[str, str]
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cleared: frozenset[str] = frozenset()


def decode(
    data: bytes,
    *,
    key: str | None = None,
    content_encoding: str | None = None,
    ikm: bytes | str | None = None,
    aliases: Aliases = NO_ALIASES,
    interpretations: Interpretations = DEFAULT,
    max_size: int = MAX_SIZE,
) -> Profile:
    """Return what the downloaded bytes set.

    ``key`` is the argument of the rule's ``--key``, ``content_encoding`` the header of the HTTP
    answer, ``ikm`` the value of IKM_HTTP_Encrypt_Content (text is read by interpretation I33),
    ``aliases`` the map that ``--alias`` names, ``max_size`` a limit in octets that holds before and
    after every step.

    Raises `ProfileError`, and nothing else, with the kind of the first step that failed.
    """
    _limit(data, max_size)
    codings = _codings(content_encoding)
    for coding in reversed(codings):
        if coding == "aes128gcm":
            data = open_gcm(data, key_material(ikm, interpretations))
        else:
            data = expand_gzip(data, max_size)
    if key is not None and "aes128gcm" not in codings:
        data = _decrypt(data, key, interpretations)
    if data.startswith(GZIP_MAGIC):
        data = expand_gzip(data, max_size)
    _check_text(data)
    return _apply_readings(data, aliases, interpretations, max_size)


def expand_gzip(data: bytes, max_size: int = MAX_SIZE) -> bytes:
    """Return the contents of all members of a gzip file (RFC 1952 section 2.2).

    The memory used is bounded by ``max_size`` octets whatever the data. Raises `ProfileError`:
    bad-gzip for damage, truncation and anything after the last member (the RFC allows nothing
    there), too-large beyond the limit.
    """
    output = bytearray()
    position = _expand_member(data, 0, output, max_size)
    while position < len(data):
        position = _expand_member(data, position, output, max_size)
    return bytes(output)


def _expand_member(data: bytes, position: int, output: bytearray, max_size: int) -> int:
    """Append one member's contents to the output and return where the member ends."""
    member = zlib.decompressobj(wbits=31)
    # Small pieces, because zlib copies what follows a member: a file of many empty ones would be
    # copied as often as it has members.
    while not member.eof:
        piece = data[position : position + _CHUNK]
        if not piece:
            raise ProfileError(ProfileErrorKind.BAD_GZIP, "the file ends within a member")
        position += len(piece)
        try:
            # What of a piece is not consumed exceeds the limit.
            output += member.decompress(piece, max_size - len(output) + 1)
        except zlib.error as error:
            raise ProfileError(ProfileErrorKind.BAD_GZIP, str(error)) from None
        if len(output) > max_size:
            raise ProfileError(
                ProfileErrorKind.TOO_LARGE, f"gzip expands to more than {max_size} octets"
            )
    return position - len(member.unused_data)


def _limit(data: bytes, max_size: int) -> None:
    if len(data) > max_size:
        raise ProfileError(
            ProfileErrorKind.TOO_LARGE, f"{len(data)} octets are more than {max_size}"
        )


def _codings(content_encoding: str | None) -> list[str]:
    """Return the codings in the order they were applied (RFC 9110 section 8.4)."""
    names = [name.strip().lower() for name in (content_encoding or "").split(",")]
    codings = [name.removeprefix("x-") for name in names if name not in ("", "identity")]
    for name in codings:
        if name not in ("aes128gcm", "gzip"):
            raise ProfileError(ProfileErrorKind.BAD_ENCODING, f"unknown content encoding {name!r}")
    if len(codings) != len(set(codings)):
        raise ProfileError(ProfileErrorKind.BAD_ENCODING, "a content encoding is applied twice")
    return codings


def key_material(ikm: bytes | str | None, interpretations: Interpretations) -> bytes:
    """Return the octets that IKM_HTTP_Encrypt_Content stands for."""
    if not ikm:
        raise ProfileError(ProfileErrorKind.BAD_KEY, "IKM_HTTP_Encrypt_Content is not set")
    if isinstance(ikm, bytes):
        return ikm
    text = _encoded(ikm)
    try:
        match interpretations.ikm_encoding:
            case "raw":
                return text
            case "hex":
                return bytes.fromhex(ikm)
            case "base64url":
                padding = b"=" * (-len(text) % 4)
                return base64.b64decode(text + padding, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise ProfileError(
            ProfileErrorKind.BAD_KEY,
            f"IKM_HTTP_Encrypt_Content is not {interpretations.ikm_encoding}: {error}",
        ) from None


def _encoded(secret: str) -> bytes:
    try:
        # A key from a command line may hold octets that are no UTF-8; openssl takes them as they are.
        return secret.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ProfileError(ProfileErrorKind.BAD_KEY, "the key is no text") from None


def _decrypt(data: bytes, key: str, interpretations: Interpretations) -> bytes:
    if not data.startswith(MAGIC) and interpretations.key_without_encryption == "plain":
        return data
    secret = _encoded(key)
    digests: tuple[Digest, ...] = (
        ("sha256", "md5")
        if interpretations.kdf_digest == "either"
        else (interpretations.kdf_digest,)
    )
    failure = ProfileError(ProfileErrorKind.BAD_KEY, "decryption yields neither text nor gzip")
    for digest in digests:
        try:
            text = open_salted(data, secret, digest)
        except ProfileError as error:
            failure = error
        else:
            if _is_plausible(text):
                return text
    raise failure


def _is_plausible(text: bytes) -> bool:
    """Tell what a right key yields (see the module's text) from noise that ends in good padding."""
    # Two octets of magic are easily noise; the third names the only method there is.
    begins = text.startswith(GZIP_MAGIC + b"\x08") or _MARKUP.match(text)
    return bool(begins) or (_is_utf8(text) and b"\x00" not in text)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _check_text(data: bytes) -> None:
    """Tell another character set (bad-encoding) from what is no text at all (left to the parser)."""
    if data.startswith(_FOREIGN) or (_MARKUP.match(data) and not _is_utf8(data)):
        raise ProfileError(ProfileErrorKind.BAD_ENCODING, "the document is not in UTF-8")


def _apply_readings(
    data: bytes, aliases: Aliases, interpretations: Interpretations, max_size: int
) -> Profile:
    """Read the XML and give its empty elements the chosen meaning (I9, I22)."""
    elements = read_flat_profile(data, max_size, aliases)
    if elements is None:
        if interpretations.corrupt_profile == "malformed-only":
            return Profile({})
        raise ProfileError(
            ProfileErrorKind.NO_FLAT_PROFILE, "the document has no flat-profile element"
        )
    parameters: dict[str, str] = {}
    attributes: dict[str, Mapping[str, str]] = {}
    cleared: set[str] = set()
    for element in elements:
        attributes.pop(element.name, None)
        if element.attributes:
            attributes[element.name] = element.attributes
        value = element.value
        if value not in _EMPTY:
            cleared.discard(element.name)
            parameters[element.name] = value
            continue
        if interpretations.empty_element == "unchanged" and not value:
            continue
        if interpretations.empty_element == "default":
            cleared.discard(element.name)
            if not value:
                cleared.add(element.name)
                parameters.pop(element.name, None)
                continue
            value = ""
        parameters[element.name] = value
    return Profile(parameters, attributes, frozenset(cleared))
