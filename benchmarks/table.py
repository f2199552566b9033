"""What was measured, as one table for people and as JSON for whatever follows the figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True)
class Row:
    """One figure: it has a ``limit`` that it should stay under, or a ``peer``, or neither.

    ``figure`` is None where nothing could be measured; ``remark`` then says why. So it does for a
    peer that is missing.
    """

    what: str
    figure: float | None
    unit: str
    limit: float | None = None
    peer: str = ""
    peer_figure: float | None = None
    remark: str = ""

    @property
    def ratio(self) -> float | None:
        """The figure over its limit or over that of its peer."""
        against = self.limit if self.limit is not None else self.peer_figure
        return self.figure / against if self.figure is not None and against else None

    @property
    def missed(self) -> bool:
        """Whether there is a limit that was not kept, or not measured."""
        return self.limit is not None and (self.ratio is None or self.ratio > 1)

    @property
    def against(self) -> str:
        """Limit or peer, as the table has it."""
        if self.limit is not None:
            return f"limit {amount(self.limit)} {self.unit}"
        if self.peer_figure is not None:
            return f"{self.peer} {amount(self.peer_figure)} {self.unit}"
        return f"{self.peer} (not measured)" if self.peer else ""


def amount(value: float) -> str:
    """Three significant digits, thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table, what its remarks are, and how many limits were missed."""
    table = Table(title="hil benchmarks")
    table.add_column("what")
    table.add_column("figure", justify="right")
    table.add_column("limit or peer", justify="right")
    table.add_column("ratio", justify="right")
    for row in rows:
        figure = "-" if row.figure is None else f"{amount(row.figure)} {row.unit}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        style = "red" if row.missed else "green" if row.limit is not None else ""
        table.add_row(row.what, figure, row.against, Text(ratio, style=style))
    console.print(table)
    for row in rows:
        if row.remark:
            console.print(f"{row.what}: {row.remark}", markup=False, soft_wrap=True)
    missed = [row.what for row in rows if row.missed]
    if missed:
        console.print(f"limits missed: {', '.join(missed)}", style="red", markup=False)


def as_json(rows: Sequence[Row]) -> str:
    """The rows with their ratios."""
    return json.dumps([{**asdict(row), "ratio": row.ratio} for row in rows], indent=2) + "\n"
