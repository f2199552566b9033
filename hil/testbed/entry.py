"""What all mappings of an inventory have in common, and the kinds of text in them.

Each field's description says what would be right there; it is the remedy of an error about that
field. Scalars of an inventory arrive as text and become numbers only where the schema has a number,
so a serial number of digits keeps its zeros and a MAC address is never read in base 60.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
)

from hil.reference.identity import normalise_mac
from hil.testbed.checks import Wrong, attempt, refusal

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _secret(value: object, info: ValidationInfo) -> object:
    """Replace ``{env: NAME}`` by what the environment has under that name."""
    if not isinstance(value, Mapping):
        return value
    name = value.get("env")
    if set(value) != {"env"} or not isinstance(name, str) or not _VARIABLE.fullmatch(name):
        raise refusal([Wrong((), "a secret by reference names one variable", "{env: NAME}")])
    environ = (info.context or {}).get("environ", os.environ)
    if name not in environ:
        problem = f"the environment has no variable {name}"
        raise refusal([Wrong((), problem, "export it before the run")])
    return environ[name]


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
"""What a person calls something; fit for a file name and a test id."""

NAME_IS = "letters, digits, '.', '_' and '-', at most 32, a letter or digit first"
"""What would be right for a `Name`."""

Mac = Annotated[str, AfterValidator(lambda text: attempt(lambda: normalise_mac(text)))]
"""A MAC address, kept as `hil.reference.identity.normalise_mac` has it."""

Word = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]
"""What a label or a version is: visible ASCII without blanks, 1 to 64 characters."""

Secret = Annotated[str, BeforeValidator(_secret)]
"""A text that must not be shown, or ``{env: NAME}`` for where it is kept."""

Seconds = Annotated[float, Field(ge=0)]
"""A duration, 0 or more."""


class Entry(BaseModel):
    """A mapping of an inventory: immutable, and no key but the ones it names."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )
