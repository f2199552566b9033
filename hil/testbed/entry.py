"""What all mappings of an inventory have in common, and the kinds of text in them.

Each field's description says what would be right there; it is the remedy of an error about that
field. Scalars of an inventory arrive as text and become numbers only where the schema has a number,
so a serial number of digits keeps its zeros and a MAC address is never read in base 60.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
)
from pydantic.fields import FieldInfo

from hil.hosts import no_device
from hil.reference.identity import normalise_mac
from hil.testbed.checks import Wrong, attempt, refusal
from hil.testbed.secrets import LongSecret, Secret, is_secret

__all__ = [
    "HOST_IS",
    "NAME_IS",
    "RACK_NEEDED",
    "RACK_ONLY",
    "VIRTUAL_ONLY",
    "DeviceAddress",
    "Entry",
    "FilePath",
    "Kind",
    "LongSecret",
    "Mac",
    "Name",
    "Seconds",
    "Secret",
    "Word",
    "is_secret",
    "needed_in_rack",
    "only_for",
]

Kind = Literal["virtual", "rack"]
"""Whether phones, PDUs and wires are programs of ours, or hardware."""

_KIND = "x-hil-kind"
_NEEDED = "x-hil-needed"

VIRTUAL_ONLY: Any = {_KIND: "virtual"}
"""``Field(json_schema_extra=VIRTUAL_ONLY)``: the key means something on a virtual testbed alone."""

RACK_ONLY: Any = {_KIND: "rack"}
"""``Field(json_schema_extra=RACK_ONLY)``: the key means something in a rack alone."""

RACK_NEEDED: Any = {_KIND: "rack", _NEEDED: True}
"""``Field(default=None, json_schema_extra=RACK_NEEDED)``: a rack cannot do without the key."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
"""What a person calls something; fit for a file name and a test id."""

NAME_IS = "letters, digits, '.', '_' and '-', at most 32, a letter or digit first"
"""What would be right for a `Name`."""

Mac = Annotated[str, AfterValidator(lambda text: attempt(lambda: normalise_mac(text)))]
"""A MAC address, kept as `hil.reference.identity.normalise_mac` has it."""


def _of_one(address: IPv4Address) -> IPv4Address:
    if problem := no_device(address):
        raise refusal([Wrong((), problem, HOST_IS)])
    return address


DeviceAddress = Annotated[IPv4Address, AfterValidator(_of_one)]
"""The IPv4 address of a device of the laboratory."""

HOST_IS = "the device's IPv4 address, such as 192.0.2.10; names are not resolved"
"""What would be right for a `DeviceAddress`."""

Word = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]
"""What a label or a version is: visible ASCII without blanks, 1 to 64 characters."""

Seconds = Annotated[float, Field(ge=0)]
"""A duration, 0 or more."""


def _located(text: str, info: ValidationInfo) -> str:
    directory = Path((info.context or {}).get("directory", "."))
    try:
        return str(directory / Path(text).expanduser())
    except RuntimeError as error:
        raise refusal([Wrong((), f"{error}", "the path of a file")]) from error


FilePath = Annotated[str, Field(min_length=1), AfterValidator(_located)]
"""The path of a file, relative to the inventory; ``~`` is the user's own."""


def needed_in_rack(field: FieldInfo) -> bool:
    """Whether a rack cannot do without the key of a field."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get(_NEEDED))


def only_for(field: FieldInfo) -> str:
    """The kind of testbed that a field means something on; empty if it does on both."""
    extra = field.json_schema_extra
    return str(extra.get(_KIND, "")) if isinstance(extra, dict) else ""


class Entry(BaseModel):
    """A mapping of an inventory: immutable, and no key but the ones it names.

    A field that holds a `Secret` is never part of its ``repr``.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        fields = type(self).model_fields
        for name, value in super().__repr_args__():
            if name not in fields or not is_secret(fields[name]):
                yield name, value
