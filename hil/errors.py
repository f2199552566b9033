"""Every error that hil raises, in one tree.

What a phone does wrong is never an exception: it is an event in the history, and the judge speaks of
it. Exceptions are for the three other parties: the laboratory, the person who wrote a test or an
inventory, and the bytes that arrive from outside.

::

    HilError
    ├── LabError                 the laboratory broke: what, evidence, next step, whom it concerns
    │   ├── NamespaceError       the kernel refuses the virtual network
    │   ├── PowerError           a PDU, PoE port or relay did not do what it was told
    │   │   ├── PowerRefused     it answered that it would not
    │   │   ├── PowerDeviceError it fails as a whole, whichever outlet was meant
    │   │   │   └── DeviceRefused    it lets nobody in who comes like this; a PowerRefused as well
    │   │   └── StateUnknown     it has no way to say what its outlets are
    │   ├── ConsoleError         a serial console could not be opened, or is gone
    │   ├── EndpointError        one of our own servers could not start or died
    │   ├── SharedFault          what handsets share is broken: no handset's place is to blame
    │   └── LeaseError           a handset's lease cannot be had, kept or read
    │       ├── HandsetTaken     somebody else has it, or it is in quarantine
    │       └── LeaseLost        it is no longer there, or somebody else's
    ├── UsageError               a test or an inventory is wrong: file, line, what would be right
    │   └── InventoryError       all that is wrong with one inventory file, at once
    ├── ProtocolError            bytes that break a protocol
    │   ├── LocalProtocolError   our side asked its own state machine for something impossible
    │   └── RemoteProtocolError  the other side sent something that the protocol forbids
    ├── TransportError           a TCP or TLS connection did not carry what it was asked to
    │   ├── StreamClosed         it ended, or never came about
    │   ├── StreamTimeout        its deadline passed
    │   └── TlsFailed            the two sides did not agree on TLS, or broke it
    ├── SpecificationError       a parameter value that the specification gives no meaning
    │   ├── MacroError
    │   ├── ExpressionError
    │   ├── RuleError
    │   ├── ScheduleError
    │   ├── ProfileError         a profile that cannot be applied, with its kind
    │   └── LoadError            a firmware load that cannot be installed, with its kind
    └── HistoryError             a stored history that cannot be read
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class HilError(Exception):
    """Root of the tree; never raised itself."""


class LabError(HilError):
    """The laboratory, not the phone, failed.

    ``what`` failed, the ``evidence`` for it, the ``next_step`` a person should take, and whom it
    ``concerns`` (a handset, an outlet, a host). All four end up in the verdict, which is then
    ERROR or INCONCLUSIVE with the cause *lab*, never FAIL.
    """

    def __init__(
        self, what: str, *, evidence: str = "", next_step: str = "", concerns: str = ""
    ) -> None:
        self.what = what
        self.evidence = evidence
        self.next_step = next_step
        self.concerns = concerns
        parts = [what if not concerns else f"{concerns}: {what}"]
        if evidence:
            parts.append(f"seen: {evidence}")
        if next_step:
            parts.append(f"next: {next_step}")
        super().__init__("\n  ".join(parts))


class NamespaceError(LabError):
    """The kernel does not allow the namespaces or interfaces of the virtual network."""


class PowerError(LabError):
    """A power driver could not reach its device, or the device did not do what it was told."""


class PowerRefused(PowerError):
    """The device answered a command with an error."""


class PowerDeviceError(PowerError):
    """The device as a whole failed, or the way to it: it would have for any other outlet, too.

    It is silent, cannot be reached, talks nonsense, is not the one that is known, or cannot be talked
    to as the inventory says. That tells nothing of the handset that hangs on it. What an outlet alone
    may be the cause of is a plain `PowerError`, and so is what cannot be told apart.
    """


class DeviceRefused(PowerRefused, PowerDeviceError):
    """The device refuses whoever asks, and not what was asked: credentials that it does not take."""


class StateUnknown(PowerError):
    """The device has no read-back: what it was told is all that can be known from it.

    It is no failure of the device. Whether an outlet has power, another witness has to say.
    """


class ConsoleError(LabError):
    """A serial console could not be opened, is gone, or did not take what was sent."""


class EndpointError(LabError):
    """A controlled server could not be started, or stopped on its own."""


class SharedFault(LabError):
    """What handsets share is broken, such as their wire: it says nothing about any one's place."""


class LeaseError(LabError):
    """A handset's lease could not be had, kept, given back or read."""


class HandsetTaken(LeaseError):
    """Somebody else has the handset, or it is in quarantine: it may be free later."""


class LeaseLost(LeaseError):
    """The lease is no longer there, or somebody else's: nothing may be done to the handset."""


class UsageError(HilError):
    """A test, a command line or an inventory is wrong; ``remedy`` says what would be right."""

    def __init__(
        self, problem: str, *, file: str = "", line: int | None = None, remedy: str = ""
    ) -> None:
        self.problem = problem
        self.file = file
        self.line = line
        self.remedy = remedy
        where = ":".join(str(part) for part in (file, line) if part)
        text = f"{where}: {problem}" if where else problem
        super().__init__(f"{text} ({remedy})" if remedy else text)


class InventoryError(UsageError):
    """Everything that is wrong with one inventory file; ``problems`` has one error each."""

    def __init__(self, file: str, problems: Sequence[UsageError]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problem(s) in the inventory", file=file)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class ProtocolError(HilError):
    """Bytes that break a protocol. Nothing else ever leaves a parser of `hil.wire`."""


class LocalProtocolError(ProtocolError):
    """Our own side asked for something that its state does not allow."""


class RemoteProtocolError(ProtocolError):
    """The other side sent something that the protocol forbids."""


class TransportError(HilError):
    """A TCP or TLS connection did not carry what it was asked to; the ``reason`` in words."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class StreamClosed(TransportError):
    """The connection ended or never came about.

    ``reason`` is ``reset`` or ``timed-out`` (the other side or the network ended it), ``closed``
    (we did), ``ended`` (in the middle of TLS), ``refused`` or ``unreachable`` (it never came about).
    An orderly end by the other side is no error but an empty read.
    """


class StreamTimeout(TransportError):
    """The deadline of a read, a write, a connect or a handshake passed."""


class TlsFailed(TransportError):
    """The two sides did not agree on TLS, or one of them broke it; ``reason`` is OpenSSL's."""


class SpecificationError(HilError):
    """A parameter value that the specification gives no meaning."""


class MacroError(SpecificationError):
    """A macro that cannot be expanded where it stands."""


class ExpressionError(SpecificationError):
    """A conditional expression that cannot be parsed or compared."""


class RuleError(SpecificationError):
    """A Profile_Rule or Upgrade_Rule that cannot be parsed or resolved."""


class ScheduleError(SpecificationError):
    """A delay schedule that is none of the published formats."""


class ProfileErrorKind(StrEnum):
    """Why a downloaded profile cannot be applied; the values are what ``hil decode`` prints."""

    NOT_XML = "not-xml"
    NO_FLAT_PROFILE = "no-flat-profile"
    BAD_GZIP = "bad-gzip"
    BAD_KEY = "bad-key"
    BAD_ENCODING = "bad-encoding"
    TOO_LARGE = "too-large"


class ProfileError(SpecificationError):
    """A profile that cannot be applied: its ``kind`` and the ``reason`` in words."""

    def __init__(self, kind: ProfileErrorKind, reason: str) -> None:
        self.kind = kind
        self.reason = reason
        super().__init__(f"{kind.value}: {reason}")


class LoadErrorKind(StrEnum):
    """Why a firmware load cannot be installed; the values are what ``hil load check`` prints."""

    NOT_A_LOAD = "not-a-load"
    BAD_SIGNATURE = "bad-signature"
    WRONG_MODEL = "wrong-model"
    BAD_MEMBER = "bad-member"
    TOO_MANY_MEMBERS = "too-many-members"
    TOO_LARGE = "too-large"
    WRONG_SIZE = "wrong-size"
    WRONG_DIGEST = "wrong-digest"
    NOT_INSTALLED = "not-installed"


class LoadError(SpecificationError):
    """A firmware load that cannot be installed: its ``kind`` and the ``reason`` in words."""

    def __init__(self, kind: LoadErrorKind, reason: str) -> None:
        self.kind = kind
        self.reason = reason
        super().__init__(f"{kind.value}: {reason}")


class HistoryError(HilError):
    """A stored history that cannot be read: file, line and reason."""
