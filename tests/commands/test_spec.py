"""``hil spec``: the requirements, what tests them, and whether anything is left out."""

from __future__ import annotations

import pytest

from hil.reference.requirements import REQUIREMENTS

NO_CHAPTER = "Error: this is not the chapter: it has no table of contents\n"


def test_the_requirements_are_listed_with_level_and_text(hil):
    answer = hil("spec", "list")
    lines = answer.out.splitlines()
    assert (answer.code, len(lines)) == (0, len(REQUIREMENTS))
    (line,) = (line for line in lines if line.startswith("resync.periodic.zero "))
    assert line.split(maxsplit=2)[1:] == ["MUST", "Resync_Periodic 0 disables periodic resyncs."]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (
            ["--section", "internal error codes"],
            ["codes.x00", "codes.x20", "codes.x40", "codes.x60"],
        ),
        (["--level", "may"], ["sip.check_sync"]),
        (["--level", "SHOULD", "--section", "report."], ["report.rule", "report.when"]),
    ],
)
def test_a_selection_is_by_level_and_by_section_or_family(hil, options, ids):
    answer = hil("spec", "list", *options, "--json")
    assert answer.code == 0
    assert [row["id"] for row in answer.json] == ids


def test_a_selection_of_nothing_is_a_usage_error(refused):
    assert "no requirement is so" in refused("spec", "list", "--section", "kettles")


def test_one_requirement_is_shown_with_all_that_stands_beside_it(hil):
    answer = hil("spec", "show", "resync.at.format", "--json")
    shown = answer.json
    assert answer.code == 0
    assert shown["level"] == "MUST"
    assert shown["source"] == "Configuration Profile Parameters, Resync At (HHmm)"
    assert shown["observable"]["by"] == ["timing", "ntp"]
    assert len(shown["sentences"]) == 3
    assert "test_resync_at.py::test_an_invalid_time_is_ignored" in shown["tests"]
    assert "resync-at-2400-invalid" in shown["defects"]
    assert "I30" in shown["questions"]
    text = hil("spec", "show", "resync.at.format").out
    for name in (*shown["sentences"], *shown["tests"], *shown["defects"], *shown["questions"]):
        assert f"    {name}\n" in text


def test_an_unknown_id_is_a_usage_error(refused):
    assert "no requirement is called 'resync.on_rest'" in refused("spec", "show", "resync.on_rest")


def test_the_catalogue_is_covered(hil):
    answer = hil("spec", "coverage", "--json")
    assert answer.code == 0
    assert answer.json["uncovered"] == []
    assert answer.json["totals"]["requirements"] == len(REQUIREMENTS)
    assert [row["id"] for row in answer.json["requirements"]] == list(REQUIREMENTS)


def test_what_is_uncovered_is_told_and_exits_1(hil, monkeypatch, tmp_path):
    (tmp_path / "test_x.py").write_text('@requirement("macros.mac")\ndef test_one(): ...\n')
    monkeypatch.setattr("hil.spec.matrix.certification_suite", lambda: tmp_path)
    answer = hil("spec", "coverage")
    assert answer.code == 1
    assert "\nmacros.sn: has no certification test\n" in answer.out
    assert "\nmacros.mac: has no" not in answer.out
    assert answer.out.endswith(f"{len(REQUIREMENTS) - 1} uncovered\n")


def test_a_text_that_is_not_covered_exits_1_and_says_where(hil, tmp_path):
    chapter = tmp_path / "chapter.txt"
    chapter.write_text("- [Internal Error Codes, on page 1](#)\nInternal Error Codes\nX99\tNew.\n")
    answer = hil("spec", "check", str(chapter), "--json")
    assert (answer.code, answer.json["covered"]) == (1, False)
    assert "Internal Error Codes, X99: is not covered" in answer.json["differences"]
    assert hil("spec", "check", str(chapter)).code == 1


def test_what_is_not_the_chapter_is_a_usage_error(refused, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("Nothing of the kind.\n")
    assert refused("spec", "check", str(other)) == NO_CHAPTER
    other.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in refused("spec", "check", str(other))
    assert "cannot be read" in refused("spec", "check", str(tmp_path / "missing.txt"))


def test_the_page_is_printed_or_written(hil, refused, tmp_path):
    file = tmp_path / "page.md"
    assert hil("spec", "page", "--output", str(file)).code == 0
    printed = hil("spec", "page")
    assert printed.out == file.read_text("utf-8")
    assert printed.out.startswith("# The requirements\n")
    assert "cannot write there" in refused("spec", "page", "--output", str(tmp_path / "no" / "x"))
