"""A window is the answer of a specification that allows a range.

The reference draws no random numbers. Where the text says "between 2400 and 2430 seconds" it
answers with both ends, the virtual phone picks an instant between them, and the judge accepts any.
"""

from __future__ import annotations

from dataclasses import dataclass

from hil.errors import SpecificationError


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A delay from ``earliest`` to ``latest``, both included, in whole seconds.

    Raises `SpecificationError` unless 0 <= earliest <= latest.
    """

    earliest: int
    latest: int

    def __post_init__(self) -> None:
        if not 0 <= self.earliest <= self.latest:
            raise SpecificationError(
                f"no window runs from {self.earliest} to {self.latest} s: "
                "it must start at 0 or later and not end before it starts"
            )

    def contains(self, delay: float) -> bool:
        """Whether ``delay``, in seconds, lies in the window; both ends belong to it."""
        return self.earliest <= delay <= self.latest

    def as_json(self) -> dict[str, int]:
        """Return the window as ``hil schedule --json`` prints it."""
        return {"earliest": self.earliest, "latest": self.latest}

    def __str__(self) -> str:
        if self.earliest == self.latest:
            return f"{self.earliest} s"
        return f"{self.earliest} to {self.latest} s"
