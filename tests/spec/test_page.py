"""docs/requirements.md is the matrix of this checkout."""

from __future__ import annotations

import re
from pathlib import Path

from hil.reference.coverage import sentences
from hil.reference.requirements import REQUIREMENTS
from hil.spec.page import page

STORED = Path(__file__).parents[2] / "docs" / "requirements.md"


def test_the_stored_page_is_not_stale() -> None:
    assert STORED.read_text("utf-8") == page(), "stale: make docs"


def test_every_link_of_the_matrix_leads_to_its_requirement() -> None:
    text = page()
    headings = re.findall(r"^### ([a-z]+\.[a-z0-9_.]+)$", text, re.MULTILINE)
    assert headings == list(REQUIREMENTS)
    links = re.findall(r"^\| \[[^]]+\]\(#([^)]+)\)", text, re.MULTILINE)
    assert links == [heading.replace(".", "") for heading in headings]


def test_every_sentence_has_its_line() -> None:
    chapter = page().partition("## The chapter, sentence by sentence")[2]
    lines = re.findall(r"^\| [^|]+ \| \d+ \| .+ \| .+ \|$", chapter, re.MULTILINE)
    assert len(lines) == len(list(sentences()))


def test_no_text_breaks_a_table() -> None:
    for line in page().splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) in (5, 8), line
