"""Experiments about what a phone makes of a profile: of its encryption, its form and its values."""

from __future__ import annotations

from hil.probes.probe import Probe
from hil.probes.rules import follow
from hil.probes.scene import Scene
from hil.reference.interpretations import DEFAULT
from hil.reference.profile_builder import encrypt, encrypt_rfc8188, flat_profile
from hil.reference.profiles import key_material

SALT = bytes(range(8))
LONG_SALT = bytes(range(16))
IKM = "00112233445566778899aabbccddeeff"
"""A text that is hexadecimal, base64url and octets."""


def _empty_element(scene: Scene) -> None:
    scene.offer(option_66=scene.tftp.address)
    scene.serve("/first.xml", b"<flat-profile><Profile_Rule></Profile_Rule></flat-profile>")
    scene.serve("/7832-3PCC.xml")
    follow(scene, scene.url("/first.xml"))
    scene.resync()


def _kdf_digest(scene: Scene) -> None:
    for digest in ("sha256", "md5"):
        path = f"/{digest}.cfg"
        body = encrypt(flat_profile(), "secret", salt=SALT, digest=digest)
        follow(scene, f"[--key secret] {scene.serve(path, body)}")


def _key_without_encryption(scene: Scene) -> None:
    follow(scene, f"[--key secret] {scene.serve()}")


def _ikm_encoding(scene: Scene) -> None:
    for reading in ("raw", "base64url", "hex"):
        secret = key_material(IKM, DEFAULT.choose(ikm_encoding=reading))
        path = f"/{reading}.xml"
        body = encrypt_rfc8188(flat_profile(), secret, salt=LONG_SALT)
        scene.http.serve(path, body, headers={"Content-Encoding": "aes128gcm"})
        follow(scene, scene.http.url(path), IKM_HTTP_Encrypt_Content=IKM)


def _corrupt_profile(scene: Scene) -> None:
    follow(scene, scene.serve(body=b"<device><name>x</name></device>"))


def _invalid_value(scene: Scene) -> None:
    follow(scene, scene.serve(Resync_Periodic="often"), Resync_Periodic="60")
    scene.pass_time(60 + scene.settling)


PROBES = (
    Probe("empty_element", _empty_element),
    Probe("kdf_digest", _kdf_digest),
    Probe("key_without_encryption", _key_without_encryption),
    Probe("ikm_encoding", _ikm_encoding),
    Probe("corrupt_profile", _corrupt_profile),
    Probe("invalid_value", _invalid_value, 120, timer_s=60),
)
