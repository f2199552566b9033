"""Files that are no profiles: "the downloaded file is corrupt", so the resync fails and nothing of the
file is applied. And unusual ones that are: what XML 1.0, RFC 1952, RFC 8188, RFC 9110 section 8.4 and
PKCS #7 allow.

A phone is asked for one resync after another, each with another file.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hil.clients.web import PhoneWeb
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.history import History
from hil.history.events import SyslogMessage
from hil.marks import reading, requirement
from hil.reference.phone import Phone
from hil.reference.profile_builder import compress, encrypt, encrypt_rfc8188, flat_profile
from hil.reference.profile_crypto import derive_gcm, derive_salted, nonce_of
from hil.testbed.control import HandsetControl
from hil.testing import check_in_force, idle_phone, next_transfer, soon

KEY, IKM = "SecretPhrase1234", b"yqdlZ-tYemfogSmv7Ws5PQ"
SALT_8, SALT_16 = bytes(range(8)), bytes(range(16))
BAD = flat_profile(GPP_A="corrupt")
"""What each corrupt file would set if its flaw were overlooked."""


@dataclass(frozen=True)
class File:
    """What a server answers: the octets and their Content-Encoding."""

    body: bytes
    coding: str = ""


def cbc(padded: bytes) -> bytes:
    """A file of openssl enc with whatever padding."""
    key, iv = derive_salted(KEY.encode(), SALT_8, "sha256")
    encryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()
    return b"Salted__" + SALT_8 + encryptor.update(padded)


def gcm(*records: bytes, size: int = 4096, keyid: bytes = b"", damaged: int | None = None) -> File:
    """A body of aes128gcm whose records hold these octets, delimiter and padding included."""
    key, base = derive_gcm(IKM, SALT_16)
    sealed = [
        AESGCM(key).encrypt(nonce_of(base, number), text, None)
        for number, text in enumerate(records)
    ]
    if damaged is not None:
        sealed[damaged] = sealed[damaged][:-1] + bytes((sealed[damaged][-1] ^ 1,))
    header = SALT_16 + size.to_bytes(4) + bytes((len(keyid),)) + keyid
    return File(header + b"".join(sealed), "aes128gcm")


def split(text: bytes) -> tuple[bytes, bytes]:
    """A text that fills a record of 48 octets and begins another."""
    return text[:31], text[31:]


FIRST, REST = split(flat_profile(GPP_A="bad"))
SIZE = len(FIRST) + 1 + 16

NO_XML = (
    b"",
    b"\n",
    b"GPP_A = corrupt",
    b"<flat-profile/><flat-profile><GPP_A>corrupt</GPP_A></flat-profile>",
    b"<flat-profile><GPP_A>corrupt</GPP_B></flat-profile>",
    b"<flat-profile><GPP_A>corrupt</GPP_A></flat-profile><!--",
    b"<flat-profile><GPP_A ua=na>corrupt</GPP_A></flat-profile>",
    b"<flat-profile><GPP_A>corrupt &nosuch;</GPP_A></flat-profile>",
    b'<!DOCTYPE flat-profile SYSTEM "p.dtd"><flat-profile><GPP_A>corrupt&n;</GPP_A></flat-profile>',
    b'<!DOCTYPE flat-profile [<!ENTITY n "x">]><flat-profile><GPP_A>corrupt</GPP_A></flat-profile>',
    b"<!DOCTYPE flat-profile [<!ATTLIST GPP_A ua CDATA 'na'>]>"
    b"<flat-profile><GPP_A>corrupt</GPP_A></flat-profile>",
    b"<flat-profile><GPP_A>corrupt \x01</GPP_A></flat-profile>",
    b"<flat-profile><GPP_A>caf\xe9</GPP_A></flat-profile>",
    BAD.decode().encode("utf-16"),
    b"<other-profile><GPP_A>corrupt</GPP_A></other-profile>",
)
NO_GZIP = (
    b"\x1f\x8b",
    b"\x1f\x8b\x08",
    compress(BAD)[:-1],
    compress(BAD)[:-9],
    compress(BAD)[:-8] + bytes(8),
    compress(BAD) + compress(b"\n")[:-4],
)
NOT_DECRYPTED = (
    BAD,
    cbc(b""),
    cbc(BAD + bytes(-len(BAD) % 16))[:-1],
    b"Salted_?" + encrypt(BAD, KEY, salt=SALT_8)[8:],
    cbc(BAD + b" " * ((-len(BAD) - 1) % 16) + b"\x04"),
    cbc(BAD + b" " * ((-len(BAD) - 17) % 16) + b"\x11" * 17),
    cbc(BAD + b" " * ((-len(BAD)) % 16)),
    encrypt(BAD, KEY, salt=SALT_8, digest="md5"),
)
NO_CODING = (
    File(BAD, "gzip"),
    File(zlib.compress(BAD), "gzip"),
    File(compress(BAD), "br"),
    File(b"", "aes128gcm"),
    File(SALT_16 + bytes(4), "aes128gcm"),
    gcm(),
    replace(gcm(), body=SALT_16 + bytes((0, 0, 16, 0, 9)) + b"short"),
    gcm(BAD + b"\x02", size=0),
    gcm(BAD + b"\x01"),
    gcm(BAD),
    gcm(bytes(9)),
    gcm(FIRST + b"\x02", REST + b"\x02", size=SIZE),
    gcm(FIRST + b"\x01", REST + b"\x01", size=SIZE),
    gcm(FIRST + b"\x01", size=SIZE),
    gcm(FIRST + b"\x01", REST + b"\x02", size=SIZE, damaged=1),
    gcm(FIRST + b"\x01", REST + b"\x02", size=SIZE, damaged=0),
    File(gcm(FIRST + b"\x01", b"", size=SIZE).body[:-1], "aes128gcm"),
    File(encrypt_rfc8188(BAD, b"another", salt=SALT_16), "aes128gcm"),
)


@requirement("resync.failure.corrupt", "resync.failure")
@reading(corrupt_profile="any-defect")
def test_what_is_not_well_formed_or_no_flat_profile(
    handset: HandsetControl,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    _refused("", [File(each) for each in NO_XML], handset, http, syslog, web, history)


@requirement("resync.failure.corrupt", "resync.failure", "profile.compression")
def test_a_gzip_file_that_is_damaged_or_cut_short(
    handset: HandsetControl,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    _refused("", [File(each) for each in NO_GZIP], handset, http, syslog, web, history)


@requirement("resync.failure.corrupt", "resync.failure", "rules.key")
@reading(kdf_digest="sha256", key_without_encryption="bad-key")
def test_a_file_that_the_key_does_not_open(
    handset: HandsetControl,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    files = [File(each) for each in NOT_DECRYPTED]
    _refused(f"[--key {KEY}] ", files, handset, http, syslog, web, history)


@requirement("resync.failure.corrupt", "resync.failure", "profile.rfc8188")
@reading(ikm_encoding="raw")
def test_a_content_encoding_that_is_another_or_is_broken(
    handset: HandsetControl,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    _refused("", NO_CODING, handset, http, syslog, web, history, IKM.decode())


@requirement("resync.failure.corrupt", "resync.failure", "profile.rfc8188")
def test_aes128gcm_without_an_ikm(
    handset: HandsetControl,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    sealed = encrypt_rfc8188(BAD, b"", salt=SALT_16)
    _refused("", [File(sealed, "aes128gcm")], handset, http, syslog, web, history)


def _refused(
    options: str,
    files: list[File] | tuple[File, ...],
    handset: HandsetControl,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
    ikm: str = "",
) -> None:
    idle_phone(
        history,
        handset,
        GPP_A="old",
        IKM_HTTP_Encrypt_Content=ikm,
        Profile_Rule=options + http.url("/a.cfg"),
        Resync_Error_Retry_Delay="0",
        Syslog_Server=syslog.address,
    )
    for file in files:
        _serve(http, file)
        asked = history.mark()
        web.resync()
        history.expect(
            SyslogMessage,
            after=asked,
            within=soon(handset) + handset.timing.give_up,
            text=re.compile("-- Resync failed: "),
        )
    check_in_force(history, handset, web, GPP_A="old")


# -- what is allowed ---------------------------------------------------------------------------------


@requirement("profile.format")
def test_forms_of_xml(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    files = (
        b"\xef\xbb\xbf<flat-profile><GPP_A>0</GPP_A></flat-profile>",
        b"<flat-profile><GPP_A><![CDATA[1]]></GPP_A></flat-profile>",
        b"<!DOCTYPE flat-profile><flat-profile><GPP_A>2</GPP_A></flat-profile>\n<?end?>",
        b"<d><flat-profile><GPP_A>3</GPP_A></flat-profile><GPP_B>outside</GPP_B>"
        b"<e><GPP_B>outside</GPP_B></e></d>",
        b"<d><flat-profile><GPP_P>1</GPP_P></flat-profile>"
        b"<flat-profile><GPP_A>4</GPP_A></flat-profile></d>",
        b"<flat-profile><GPP_A><!-- 9 -->5<!-- 9 --></GPP_A></flat-profile>",
        b"<flat-profile>" + b"<!-- " + b"-. " * 50_000 + b" --><GPP_A>6</GPP_A></flat-profile>",
        b"<a><b><c><flat-profile><GPP_A>7</GPP_A></flat-profile></c><GPP_B>out</GPP_B></b></a>",
        b'<!DOCTYPE d SYSTEM "d.dtd" [ %more; ]><flat-profile><GPP_A>8</GPP_A></flat-profile>',
        b"<d><flat-profile><GPP_A>9</GPP_A></flat-profile>"
        b"<flat-profile><GPP_P>9</GPP_P></flat-profile></d>",
    )
    _taken("", [File(each) for each in files], handset, http, web, history)
    check_in_force(history, handset, web, GPP_P="9")


@requirement("profile.format")
def test_an_empty_element_is_as_the_handset_is_read(
    handset: HandsetControl,
    http: HttpEndpoint,
    web: PhoneWeb,
    history: History,
    reference: Phone,
) -> None:
    """Two double quotes are the empty text where an empty element means the default."""
    asked = idle_phone(
        history,
        handset,
        Log_Request_Msg="old",
        Log_Failure_Msg="old",
        Profile_Rule=http.url("/a.cfg"),
        GPP_A="old",
    )
    _serve(
        http,
        File(
            b'<flat-profile><Log_Request_Msg/><Log_Failure_Msg>""</Log_Failure_Msg>'
            b"<GPP_A>first</GPP_A><GPP_A> </GPP_A><GPP_B></GPP_B><GPP_B>last</GPP_B></flat-profile>"
        ),
    )
    web.resync()
    next_transfer(history, handset, asked)
    reading = reference.interpretations.empty_element
    default = "$PN $MAC -- Requesting resync $SCHEME://$SERVIP:$PORT$PATH"
    due = {
        "set-empty": ("", '""', ""),
        "default": (default, "", ""),
        "unchanged": ("old", '""', "first"),
    }[reading]
    check_in_force(
        history,
        handset,
        web,
        Log_Request_Msg=due[0],
        Log_Failure_Msg=due[1],
        GPP_A=due[2],
        GPP_B="last",
    )


@requirement("profile.compression")
def test_a_gzip_file_may_have_several_members_and_be_a_content_encoding(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    """The fields of a member's header are as RFC 1952 section 2.3 has them."""
    head, middle, tail = b"<flat-profile><GPP_A>", b"0", b"</GPP_A></flat-profile>"
    texts = [flat_profile(GPP_A=str(number)) for number in range(8)]
    named = compress(texts[2])
    noise = bytes(range(32, 45)) + "".join(map(str, range(5000))).encode()
    files = (
        File(compress(head) + compress(middle) + compress(b"") + compress(tail)),
        File(compress(texts[1].ljust(100_000))),
        File(named[:3] + b"\x08" + named[4:10] + b"a.xml\x00" + named[10:]),
        File(compress(texts[3]), "gzip"),
        File(compress(texts[4]), "X-GZip"),
        File(texts[5], "identity"),
        File(compress(compress(texts[6])), "identity, gzip"),
        File(
            compress(texts[7].replace(b"\n  <", b"\n<!--" + 2 * noise.replace(b"-", b"") + b"--><"))
        ),
    )
    _taken("", files, handset, http, web, history)


@requirement("rules.key")
@reading(kdf_digest=("sha256", "either"))
def test_a_file_of_any_length_is_decrypted_and_may_have_been_compressed_before_or_after(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    texts = [flat_profile(GPP_A=str(number)) for number in range(4)]
    files = (
        File(encrypt(texts[0].ljust(64), KEY, salt=SALT_8)),
        File(encrypt(texts[1].ljust(79), KEY, salt=bytes(8))),
        File(compress(encrypt(texts[2], KEY, salt=SALT_8)), "gzip"),
        File(encrypt(compress(texts[3]), KEY, salt=b"\xff" * 8)),
    )
    _taken(f"[--key {KEY}] ", files, handset, http, web, history)


@requirement("profile.rfc8188")
@reading(ikm_encoding="raw")
def test_records_of_aes128gcm_may_be_of_any_size_and_padded(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    """RFC 8188 sections 2 and 2.1: a record size of 18 at least, a key id of up to 255 octets."""
    texts = [flat_profile(GPP_A=str(number)) for number in range(7)]
    halves = texts[3][:30] + b"\x01" + bytes(6), texts[3][30:] + b"\x02" + bytes(5)
    files = (
        File(encrypt_rfc8188(texts[0], IKM, salt=SALT_16, record_size=18), "aes128gcm"),
        File(
            encrypt_rfc8188(texts[1], IKM, salt=SALT_16, record_size=len(texts[1]) + 17),
            "aes128gcm",
        ),
        File(encrypt_rfc8188(texts[2], IKM, salt=bytes(16), keyid=b"k" * 255), "aes128gcm"),
        gcm(*halves, size=53, keyid=b"a1"),
        gcm(texts[4] + b"\x02" + bytes(100), size=1 << 24),
        File(encrypt_rfc8188(compress(texts[5]), IKM, salt=SALT_16), "gzip, aes128gcm"),
        File(encrypt_rfc8188(compress(texts[6]), IKM, salt=SALT_16, record_size=50), "AES128GCM"),
    )
    _taken("", files, handset, http, web, history, IKM.decode())


def _taken(
    options: str,
    files: list[File] | tuple[File, ...],
    handset: HandsetControl,
    http: HttpEndpoint,
    web: PhoneWeb,
    history: History,
    ikm: str = "",
) -> None:
    """Each file sets GPP_A to its number and leaves GPP_B alone."""
    idle_phone(
        history,
        handset,
        GPP_B="old",
        IKM_HTTP_Encrypt_Content=ikm,
        Profile_Rule=options + http.url("/a.cfg"),
    )
    for number, file in enumerate(files):
        _serve(http, file)
        asked = history.mark()
        web.resync()
        next_transfer(history, handset, asked)
        check_in_force(history, handset, web, GPP_A=str(number), GPP_B="old")


def _serve(http: HttpEndpoint, file: File) -> None:
    headers = {"Content-Encoding": file.coding} if file.coding else {}
    http.serve("/a.cfg", file.body, headers=headers)
