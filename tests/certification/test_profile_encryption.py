"""Encrypted profiles: --key and AES-256-CBC, and RFC 8188.

The files in base64 were written by ``openssl enc -e -aes-256-cbc -k SecretPhrase1234`` (OpenSSL 3.0),
the command that the Administration Guide names; one was compressed by gzip before. Both set GPP_A
to "decrypted", for which the second rule asks.
"""

from __future__ import annotations

from base64 import b64decode

from hil.endpoints.http import HttpEndpoint
from hil.history import History
from hil.marks import quick, reading, requirement, smoke
from hil.reference.profile_builder import encrypt_rfc8188, flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, fetched

ENCRYPTED = b64decode(
    "U2FsdGVkX18bVQXZU5CMo/gUs/gA05pRLD576ZvP4NkY5NAE1b53D2S8uoXj3OzczfZstkRCpDk1WZJ/EQbS"
    "Aixg9EvGa3dCOy/yfW9DyWk="
)
COMPRESSED_AND_ENCRYPTED = b64decode(
    "U2FsdGVkX191+7LO2SnHeYTwzCrFyIpv6qIQR0yu7uDrZKha75RVPzHbI+pBZvmZr6iBrI/8A5fJmzRT6tlL"
    "tkt9vrprky1uHc8wyTWz1/o="
)
IKM = "yqdlZ-tYemfogSmv7Ws5PQ"
SALT = bytes(range(16))


@reading(kdf_digest=("sha256", "either"))
@smoke
@quick
@requirement("rules.key")
def test_a_key_decrypts_what_openssl_has_encrypted(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    http.serve("/a.cfg", ENCRYPTED)
    asked = _asked("[--key SecretPhrase1234]", handset, http, history)
    history.check("the files", seen=asked, due=["/a.cfg", "/decrypted.xml"])


@reading(kdf_digest=("sha256", "either"))
@requirement("rules.key.quotes", "rules.key")
def test_the_key_may_stand_in_double_quotes(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    http.serve("/a.cfg", ENCRYPTED)
    asked = _asked('[--key "SecretPhrase1234"]', handset, http, history)
    history.check("the files", seen=asked, due=["/a.cfg", "/decrypted.xml"])


@reading(kdf_digest=("sha256", "either"))
@requirement("rules.key", "profile.compression")
def test_a_file_may_be_compressed_before_it_is_encrypted(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    http.serve("/a.cfg", COMPRESSED_AND_ENCRYPTED)
    asked = _asked("[--key SecretPhrase1234]", handset, http, history)
    history.check("the files", seen=asked, due=["/a.cfg", "/decrypted.xml"])


@requirement("rules.key", "resync.failure")
def test_a_file_that_the_key_does_not_decrypt_is_a_failure(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    http.serve("/a.cfg", ENCRYPTED)
    asked = _asked("[--key SecretPhrase4321]", handset, http, history)
    history.check("the attempts", seen=asked, due=["/a.cfg", "/a.cfg"])


@requirement("rules.key", "resync.failure")
def test_an_encrypted_file_without_a_key_is_a_failure(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    http.serve("/a.cfg", ENCRYPTED)
    asked = _asked("", handset, http, history)
    history.check("the attempts", seen=asked, due=["/a.cfg", "/a.cfg"])


@reading(ikm_encoding="raw")
@requirement("profile.rfc8188")
def test_content_encoding_aes128gcm_is_decrypted_with_the_ikm(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    _serve_rfc8188(http, IKM)
    asked = _asked("", handset, http, history)
    history.check("the files", seen=asked, due=["/a.cfg", "/decrypted.xml"])


@reading(ikm_encoding="raw")
@requirement("profile.rfc8188")
def test_after_aes128gcm_the_key_of_the_rule_does_not_count(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    _serve_rfc8188(http, IKM)
    asked = _asked("[--key SecretPhrase1234]", handset, http, history)
    history.check("the files", seen=asked, due=["/a.cfg", "/decrypted.xml"])


@requirement("profile.rfc8188", "resync.failure")
def test_aes128gcm_with_another_ikm_is_a_failure(
    handset: HandsetControl, http: HttpEndpoint, history: History
) -> None:
    _serve_rfc8188(http, "another secret")
    asked = _asked("", handset, http, history)
    history.check("the attempts", seen=asked, due=["/a.cfg", "/a.cfg"])


def _serve_rfc8188(http: HttpEndpoint, ikm: str) -> None:
    body = encrypt_rfc8188(flat_profile(GPP_A="decrypted"), ikm.encode(), salt=SALT)
    http.serve("/a.cfg", body, headers={"Content-Encoding": "aes128gcm"})


def _asked(
    options: str, handset: HandsetControl, http: HttpEndpoint, history: History
) -> list[str]:
    """The first two files that a phone asks for whose rule has these options."""
    lease = boot_to_lease(
        history,
        handset,
        IKM_HTTP_Encrypt_Content=IKM,
        Profile_Rule=f"{options} {http.url('/a.cfg')}".strip(),
        Profile_Rule_B=http.url("/$A.xml"),
        Resync_Error_Retry_Delay="300",
    )
    return fetched(history, handset, lease, 2, wait=300)
