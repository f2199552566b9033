"""What a bench asks of each of its witnesses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hil.errors import LabError


class Witness(Protocol):
    """Watches one thing of the laboratory, test by test."""

    def begin(self) -> None:
        """Look afresh: what was before is no trouble of the test that begins."""

    def trouble(self) -> Sequence[LabError]:
        """What was wrong since `begin`; to be asked from the test's thread, at rest."""

    def close(self) -> None:
        """Let go of sockets and files, in the loop."""
