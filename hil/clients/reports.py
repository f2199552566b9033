"""A report that the phone sent to the bench, read back into parameters.

It arrives as an `HttpRequest` of the bench's own HTTP endpoint. What cannot be read is the phone's
affair and no error of the bench: it is a `PhoneReport` with a problem and without parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hil.errors import ProfileError
from hil.history import events as ev
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.profiles import decode
from hil.reference.status import Status, read


@dataclass(frozen=True)
class PhoneReport:
    """What one report says; ``problem`` tells, in words, why nothing of it can be read.

    ``parameters`` are its elements by XML name; those of a report with ``--status`` are the status
    page's, which `status` reads.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def readable(self) -> bool:
        """Whether it could be read."""
        return not self.problem

    @property
    def status(self) -> Status:
        """The same as a status page; what is not in it is empty."""
        return read(self.parameters)


def read_report(
    request: ev.HttpRequest,
    *,
    key: str | None = None,
    ikm: str | None = None,
    interpretations: Interpretations = DEFAULT,
) -> PhoneReport:
    """Read the body of a request; ``key`` is the ``--key`` of Report_Rule.

    ``ikm`` is IKM_HTTP_Encrypt_Content, which opens a body whose Content-Encoding is aes128gcm. A
    report that is not encrypted although there is a ``key`` has a problem (interpretation I32).
    """
    try:
        profile = decode(
            request.body,
            key=key,
            content_encoding=request.header("content-encoding"),
            ikm=ikm,
            interpretations=interpretations,
        )
    except ProfileError as error:
        return PhoneReport(problem=str(error))
    return PhoneReport(profile.parameters)
