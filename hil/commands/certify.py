"""``hil certify``: run the certification suite against a handset and say the verdict."""

from __future__ import annotations

import difflib
import fcntl
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.errors import LabError, UsageError
from hil.suite_location import pytest_arguments, suite_root

if TYPE_CHECKING:
    from hil.evidence.results import RunResults
    from hil.testbed.inventory import HandsetEntry, Testbed

_PYTEST_TROUBLE = (2, 4)
_PYTEST_CRASH = 3


@click.command(name="certify")
@click.argument("modules", metavar="[MODULE]...", nargs=-1)
@click.option("--testbed", metavar="FILE", type=click.Path(path_type=Path), help="Inventory file.")
@click.option("--handset", metavar="NAME", help="Handset to test; the first one by default.")
@click.option(
    "--defect",
    "defects",
    metavar="NAME",
    multiple=True,
    help="Give the virtual handset a defect, see `hil defects`; may be repeated.",
)
@click.option(
    "--requirement",
    "requirements",
    metavar="ID",
    multiple=True,
    help="Only tests that check this requirement; may be repeated.",
)
@click.option("-k", "expression", metavar="EXPR", help="Only tests that match, as with pytest -k.")
@click.option(
    "--quick",
    is_flag=True,
    help="Only the tests of small timer values, by default on the testbed quick.yaml.",
)
@click.option(
    "--json", "json_file", metavar="FILE", help="Write the results as JSON; - is standard output."
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Leave history, JUnit XML, Allure results and a log a test there.",
)
@click.option("--wall-clock", is_flag=True, help="Let time pass by itself on a virtual testbed.")
@click.pass_context
def command(
    ctx: click.Context,
    modules: tuple[str, ...],
    testbed: Path | None,
    handset: str | None,
    defects: tuple[str, ...],
    requirements: tuple[str, ...],
    expression: str | None,
    quick: bool,
    json_file: str | None,
    out: Path | None,
    wall_clock: bool,
) -> None:
    """Judge a handset against the specification.

    Without options it judges the first virtual handset of the testbed that comes with hil, which
    takes less than a minute. Each MODULE is one of the suite's, the whole suite runs where none is
    named. Each test ends in a verdict: PASS, FAIL (the phone broke a clause), INCONCLUSIVE
    (it cannot be known), ERROR (lab or test broke), NOT_APPLICABLE.

    Exit status: 0 all PASS, 1 a FAIL, 2 usage, 3 nothing failed but something is INCONCLUSIVE or
    ERROR.

    \b
    hil certify
    hil certify --defect retry-never         a handset that breaks a clause: exits 1
    hil certify test_resync_at.py            one module of the suite
    hil certify -k random_delay --out run1   a part of the suite, with all the evidence
    hil certify --quick --wall-clock         the tests that are quick, and wait for them
    hil certify --json results.json --testbed rack.yaml --handset a01
    """
    from hil.commands.certify_progress import Progress
    from hil.net.namespace import enter
    from hil.reference.requirements import requirement as known_requirement
    from hil.testbed.inventory import load
    from hil.virtual.defects import firmware_with

    began = time.perf_counter()
    file = testbed or suite_root() / "testbeds" / ("quick.yaml" if quick else "virtual.yaml")
    inventory = load(file)
    entry = inventory.handset(handset)
    firmware_with(defects)
    for name in requirements:
        known_requirement(name)
    if json_file not in (None, "-"):
        _check_writable(Path(str(json_file)))
    held = _take(out) if out is not None else None
    enter()
    progress = Progress(entry, inventory, defects, to_stderr=json_file == "-")
    selection = [f"--hil-requirement={name}" for name in requirements]
    selection += [] if expression is None else ["-k", expression]
    selection += ["--hil-quick"] if quick else []
    arguments = _arguments(file, entry.name, defects, selection, out, wall_clock)
    results, status = _run_pytest([*_suite(modules), *arguments], progress)
    if held is not None:
        os.close(held)
    _account_for(status, results)
    progress.summary(results, out, time.perf_counter() - began)
    if json_file is not None:
        _write_json(json_file, results, inventory, entry, defects, time.perf_counter() - began)
    if results.planned == 0:
        raise UsageError(
            f"no test matches {' '.join(selection)}" if selection else "the suite has no test",
            remedy="a selection that tests nothing proves nothing",
        )
    ctx.exit(results.exit_code)


def _account_for(status: int, results: RunResults) -> None:
    """Let no trouble of pytest's own go under in the verdicts."""
    if status in _PYTEST_TROUBLE and not results.tests:
        raise UsageError("the suite cannot be run as it was asked for; what pytest said is above")
    # The verdicts of a run have the same status if nobody can know.
    if status == _PYTEST_CRASH and results.exit_code != status:
        raise LabError("pytest itself failed; this says nothing about the phone")
    if status != 0 and results.planned and results.exit_code == 0:
        results.troubles.append(f"pytest ended with status {status} although every test passed")


def _check_writable(file: Path) -> None:
    """UsageError now rather than after the run."""
    try:
        with file.open("a", encoding="utf-8"):
            return
    except OSError as error:
        raise UsageError(f"cannot write there: {error.strerror}", file=str(file)) from error


def _take(out: Path) -> int:
    """Take a directory for the evidence of one run; UsageError if another run has it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        held = os.open(out / ".hil-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise UsageError(f"cannot write there: {error.strerror}", file=str(out)) from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        raise UsageError(
            "another run writes its evidence there", file=str(out), remedy="another directory"
        ) from error
    return held


def _suite(modules: tuple[str, ...]) -> list[str]:
    """Where the tests are; UsageError for a module that the suite has not."""
    suite = suite_root() / "tests" / "certification"
    known = {path.name: path for path in sorted(suite.glob("test_*.py"))}
    for name in modules:
        if name not in known:
            alike = difflib.get_close_matches(name, known, n=3, cutoff=0.0)
            raise UsageError(
                f"the suite has no module {name!r}", remedy="perhaps " + ", ".join(alike)
            )
    return [str(known[name]) for name in modules] or [str(suite)]


def _arguments(
    file: Path,
    handset: str,
    defects: tuple[str, ...],
    selection: list[str],
    out: Path | None,
    wall_clock: bool,
) -> list[str]:
    arguments = [
        *pytest_arguments(),
        f"--hil-testbed={file.resolve()}",
        f"--hil-handset={handset}",
        *(f"--hil-defect={name}" for name in defects),
        *selection,
    ]
    if wall_clock:
        arguments.append("--hil-wall-clock")
    if out is not None:
        arguments += [
            f"--hil-out={out}",
            f"--junit-xml={out / 'junit.xml'}",
            "-p",
            "allure_pytest.plugin",
            f"--alluredir={out / 'allure'}",
            "--clean-alluredir",
        ]
    return arguments


def _run_pytest(arguments: list[str], progress: Any) -> tuple[RunResults, int]:
    import pytest

    # Other people's plugins and options have no say in a verdict.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    status = int(pytest.main(arguments, plugins=[progress]))
    return progress.results, status


def _write_json(
    target: str,
    results: RunResults,
    inventory: Testbed,
    entry: HandsetEntry,
    defects: tuple[str, ...],
    wall_s: float,
) -> None:
    from hil import __version__
    from hil.judge.readings import differing

    identity = entry.identity()
    text = results.as_json(
        {
            "hil": __version__,
            "testbed": inventory.name,
            "defects": list(defects),
            "wall_s": round(wall_s, 3),
        },
        {
            "name": entry.name,
            "model": entry.model,
            "mac": identity.mac,
            "serial": identity.serial,
            "firmware": identity.swver,
            "interpretations": [
                each.as_json() for each in differing(entry.chosen_interpretations())
            ],
        },
    )
    if target == "-":
        click.echo(text, nl=False)
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write the results: {error.strerror}", file=target) from error
