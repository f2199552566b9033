"""The authority of an inventory: who signs the servers of a rack, and whom its phones trust.

Certificate and key are read with the inventory, and looked at from every side, so that no run begins
with an authority that phones must refuse or that ends before the run does. Whoever only switches power
needs neither, and does not look (``load(path, authority=False)``): a certificate that has expired must
keep no phone without power.
"""

from __future__ import annotations

import datetime
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)

from hil.testbed.checks import Wrong, refusal
from hil.testbed.entry import Entry, FilePath, LongSecret

if TYPE_CHECKING:
    from hil.endpoints.certificates import Authority
    from hil.endpoints.kept_authority import About

MOST_OCTETS = 1 << 20
"""The size of the largest file of certificates."""

_ROOTS_ARE = "a file of certificates (PEM), as the phones' manufacturer publishes it"


def _looked_at(info: ValidationInfo) -> bool:
    context = info.context or {}
    return bool(context.get("secrets", True) and context.get("authority", True))


def _guarded(value: object, info: ValidationInfo) -> object:
    """Refuse a key that everybody on this machine can read; look at none that is not needed."""
    if not isinstance(value, Mapping):
        return value
    if not _looked_at(info):
        return "not looked up"
    name = value.get("file")
    if len(value) != 1 or not isinstance(name, str):
        return value
    try:
        mode = (_directory(info) / Path(name).expanduser()).stat().st_mode
    except (OSError, ValueError, RuntimeError):
        # Whoever reads it says so.
        return value
    if stat.S_ISREG(mode) and mode & stat.S_IRWXO:
        problem = f"secret file {name!r} is open to everybody (mode {stat.S_IMODE(mode):04o})"
        remedy = f"chmod 600 {name}, or 640 for a group that shares the rack"
        raise refusal([Wrong((), problem, remedy)])
    return value


def _directory(info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("directory", "."))


def _a_certificate(file: str, info: ValidationInfo) -> str:
    from hil.endpoints.kept_authority import objections_to_certificate

    if _looked_at(info):
        pem = _read(file, "the file of a certificate (PEM), see `hil testbed authority`")
        found = objections_to_certificate(pem, datetime.datetime.now(datetime.UTC))
        if wrongs := [Wrong((), f"{file}: {each.problem}", each.remedy) for each in found]:
            raise refusal(wrongs)
    return file


def _a_key(text: str, info: ValidationInfo) -> str:
    from hil.endpoints.kept_authority import objections_to_key

    if _looked_at(info):
        found = objections_to_key(text.encode())
        if wrongs := [Wrong((), each.problem, each.remedy) for each in found]:
            raise refusal(wrongs)
    return text


def _some_roots(file: str, info: ValidationInfo) -> str:
    from cryptography import x509

    if _looked_at(info):
        octets = _read(file, _ROOTS_ARE)
        try:
            x509.load_pem_x509_certificates(octets)
            octets.decode("ascii")
        except ValueError:
            problem = f"{file}: no certificate can be read from the file"
            raise refusal([Wrong((), problem, _ROOTS_ARE)]) from None
    return file


def _read(file: str, remedy: str) -> bytes:
    """What is in a file of certificates."""
    octets, problem = b"", ""
    try:
        # Only then opened: to open a pipe that nobody writes to would wait for ever.
        if stat.S_ISREG(Path(file).stat().st_mode):
            with Path(file).open("rb") as opened:
                octets = opened.read(MOST_OCTETS + 1)
        else:
            problem = f"{file} is no regular file"
    except OSError as error:
        problem = f"{file}: {error.strerror}"
    except ValueError:
        problem = f"{file!r} is no path of a file"
    if len(octets) > MOST_OCTETS:
        problem = f"{file} is too large"
    if problem:
        raise refusal([Wrong((), problem, remedy)])
    return octets


class AuthorityEntry(Entry):
    """A root certificate and its key, both PEM; the certificate is what phones are given.

    ``client_roots`` are the roots by which the certificates are verified that phones show.
    """

    certificate: Annotated[FilePath, AfterValidator(_a_certificate)] = Field(
        description="the file of its certificate (PEM), as `hil testbed authority` makes it"
    )
    key: Annotated[LongSecret, AfterValidator(_a_key), BeforeValidator(_guarded)] = Field(
        repr=False, description="the text of its private key (PEM), best as {file: PATH}"
    )
    client_roots: Annotated[FilePath, AfterValidator(_some_roots)] | None = Field(
        default=None, description=_ROOTS_ARE
    )

    _certificate: bytes | None = PrivateAttr(default=None)
    _client_roots: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _usable(self, info: ValidationInfo) -> Self:
        from hil.endpoints.kept_authority import is_pair

        if not _looked_at(info):
            return self
        certificate = _read(self.certificate, "")
        if not is_pair(certificate, self.key.encode()):
            problem = f"the key is not that of {self.certificate}"
            raise refusal([Wrong(("key",), problem, "the two that were made together")])
        self._certificate = certificate
        if self.client_roots is not None:
            self._client_roots = _read(self.client_roots, _ROOTS_ARE).decode("ascii")
        return self

    @property
    def is_there(self) -> bool:
        """Whether it was looked at when the inventory was read; only then it can sign."""
        return self._certificate is not None

    @property
    def roots(self) -> tuple[str, ...]:
        """The roots (PEM) of the certificates that phones show."""
        return (self._client_roots,) if self._client_roots else ()

    def make(self) -> Authority:
        """The authority itself, where it `is_there`."""
        from hil.endpoints.certificates import Authority

        return Authority.kept(self._certificate or b"", self.key.encode())

    def about(self) -> About:
        """What a person recognises it by, where it `is_there`."""
        from hil.endpoints.kept_authority import about

        return about(self._certificate or b"")
