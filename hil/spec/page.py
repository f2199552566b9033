"""The matrix as a page of the documentation, in Markdown.

The page is made from the catalogue, the suite and the defects and from nothing else, so the same
checkout gives the same page, and a test can tell a stale one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from hil.reference.coverage import ROWS
from hil.reference.sentence import Row
from hil.spec.matrix import Entry, matrix, totals

_HEAD = """\
# The requirements

Made by `make docs`; a test fails where it is stale. What a level means and how it is chosen stands in
`hil/reference/requirement.py`. The sentences of the chapter are told in our own words; `hil spec check
FILE` holds a text of the chapter against them. `hil spec show ID` shows one requirement,
`hil certify --requirement ID` runs its tests, and `hil adequacy` shows that they find its defects.

{sentences} sentences in {rows} rows of the chapter, {normative} of them normative; {requirements}
requirements, {tests} certification tests, {defects} defects, {uncovered} uncovered.
"""


def page() -> str:
    """The whole page."""
    entries = matrix()
    parts = [
        _HEAD.format(**totals(entries)),
        "## The matrix\n",
        *_overview(entries),
        *_details(entries),
        "## The chapter, sentence by sentence\n",
        *_chapter(),
    ]
    return "\n".join(parts)


def _overview(entries: Sequence[Entry]) -> Iterator[str]:
    yield "| requirement | level | sentences | tests | defects | seen by | open questions |"
    yield "| --- | --- | ---: | ---: | ---: | --- | --- |"
    for entry in entries:
        required = entry.requirement
        cells = (
            f"[{required.id}](#{_anchor(required.id)})",
            required.level,
            str(len(entry.sentences)),
            str(len(entry.tests)),
            str(len(entry.defects)),
            ", ".join(required.observable.by),
            ", ".join(entry.questions),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _details(entries: Sequence[Entry]) -> Iterator[str]:
    yield "## One by one\n"
    for entry in entries:
        required = entry.requirement
        yield f"### {required.id}\n"
        yield f"**{required.level}** {_plain(required.text)}\n"
        yield f"- source: {_plain(required.source)}"
        yield f"- seen by: {_plain(str(required.observable))}"
        if entry.sentences:
            yield f"- sentences: {_plain('; '.join(entry.sentences))}"
        yield f"- tests: {_tests(entry.tests)}"
        yield f"- defects: {', '.join(f'`{name}`' for name in entry.defects) or 'none'}"
        if entry.questions:
            yield f"- open questions about the same rows: {', '.join(entry.questions)}"
        yield ""


def _tests(tests: Sequence[str]) -> str:
    """The tests, each module named once."""
    split = (test.partition("::") for test in tests)
    told = (
        f"`{module}` ({', '.join(f'`{name}`' for _, _, name in group)})"
        for module, group in groupby(split, lambda parts: parts[0])
    )
    return ", ".join(told) or "none"


def _chapter() -> Iterator[str]:
    for section, rows in groupby(ROWS, lambda row: row.section):
        yield f"### {section}\n"
        yield "| row | | in our words | becomes |"
        yield "| --- | ---: | --- | --- |"
        for row in rows:
            yield from _sentences(row)
        yield ""


def _sentences(row: Row) -> Iterator[str]:
    title = _plain(row.title)
    for ordinal, sentence in enumerate(row.sentences, 1):
        becomes = ", ".join(sentence.requirements) or f"nothing: {sentence.reason}"
        yield f"| {title} | {ordinal} | {_plain(sentence.words)} | {becomes} |"
    if not row.sentences:
        yield f"| {title} | | empty in print | {', '.join(row.filled_by)} |"


def _anchor(name: str) -> str:
    """The anchor that Markdown viewers give a heading."""
    return name.replace(".", "")


def _plain(text: str) -> str:
    r"""Text in which Markdown finds no marks of its own: ``*``, ``_``, ``|`` and ``\`` are escaped."""
    return "".join(f"\\{c}" if c in "\\*_|<" else c for c in text)
