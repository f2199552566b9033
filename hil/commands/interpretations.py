"""``hil interpretations``: the open questions of the specification, and how a phone answers them."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hil.commands.common_options import (
    refuse_defects_of_rack,
    testbed_option,
    wait_option,
    wall_clock_option,
)
from hil.commands.phone_options import json_option, print_json
from hil.errors import LabError, UsageError
from hil.reference.interpretations import CATALOGUE, WITHOUT_EFFECT, Interpretation, meant

if TYPE_CHECKING:
    from hil.probes.probe import Answer
    from hil.testbed.models import HandsetEntry, Testbed

_NOT_FOUND = ("none fits",)
_TROUBLE = ("inconclusive", "lab fault")


@click.group(name="interpretations")
def command() -> None:
    """Show the open questions, and which readings a phone follows.

    Where the published text can be read in more than one way, each reading has a name. A testbed
    chooses one for a handset under `interpretations:`; verdicts name those that they rest on.

    \b
    hil interpretations list
    hil interpretations show list_exhaustion
    hil interpretations probe --testbed virtual48.yaml --handset v02
    """


@command.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """List the open questions, with the readings of each; the default comes first.

    \b
    hil interpretations list
    hil interpretations list --json
    """
    if as_json:
        print_json([_entry_json(entry) for entry in CATALOGUE])
        return
    width = max(len(entry.name) for entry in CATALOGUE)
    for entry in CATALOGUE:
        readings = ", ".join(map(str, entry.candidates))
        click.echo(f"{entry.key:<4} {entry.name:<{width}}  {readings}")


@command.command()
@click.argument("name")
@click.option(
    "--results",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What `hil certify --json` wrote: name the tests of that run whose verdicts rest on it.",
)
@json_option
def show(name: str, results: Path | None, as_json: bool) -> None:
    """Show one question: its readings, its sources, its experiment and the tests that rest on it.

    NAME is the question's, or the key that reports print; some keys have several questions.

    \b
    hil interpretations show resync_trigger
    hil interpretations show I5
    hil certify --json run.json; hil interpretations show resync_trigger --results run.json
    """
    shown = []
    for entry in _entries(name):
        resting = _resting(results, entry.name) if results is not None else []
        shown.append((entry, _experiment(entry.name), sorted(_declaring(entry.name)), resting))
    if as_json:
        told = [
            {**_entry_json(entry), "probe": probe, "tests": declared, "resting": resting}
            for entry, probe, declared, resting in shown
        ]
        print_json(told[0] if told[0]["name"] == name else told)
        return
    for each in shown:
        _show(*each)


def _experiment(name: str) -> str:
    from hil.probes.catalogue import PROBES, WITHOUT_PROBE

    if name in PROBES:
        return f"hil interpretations probe {name}"
    return f"none: {WITHOUT_PROBE[name]}"


def _show(
    entry: Interpretation, probe: str, declared: list[str], resting: list[tuple[str, list[str]]]
) -> None:
    click.echo(f"{entry.name} ({entry.key})")
    click.echo(f"  {entry.question}")
    click.echo(f"  readings: {', '.join(map(str, entry.candidates))}; default {entry.default}")
    click.echo(f"  source: {entry.citation}")
    if entry.note:
        click.echo(f"  note: {entry.note}")
    click.echo(f"  experiment: {probe}")
    for test in declared:
        click.echo(f"  expects one reading: {test}")
    for test, requirements in resting:
        click.echo(f"  rests on it: {test} ({', '.join(requirements)})")


@dataclass(frozen=True)
class _Asked:
    """The options of `probe`, as they were given."""

    names: tuple[str, ...]
    testbed: Path | None
    handset: str | None
    defects: tuple[str, ...]
    wall_clock: bool
    longest_min: float
    wait_s: float
    as_json: bool


@dataclass(frozen=True)
class _Plan:
    """The questions that are put to a handset."""

    asked: _Asked
    questions: tuple[str, ...]
    inventory: Testbed
    entry: HandsetEntry


@command.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@testbed_option
@click.option("--handset", metavar="NAME", help="Handset to ask; the first one by default.")
@click.option("--defect", "defects", metavar="NAME", multiple=True, help="As for `hil certify`.")
@wall_clock_option
@click.option(
    "--longest",
    "longest_min",
    metavar="MINUTES",
    type=click.FloatRange(min=0, min_open=True),
    default=20.0,
    show_default=True,
    help="Where time passes by itself, leave out experiments that take longer.",
)
@wait_option
@json_option
@click.pass_context
def probe(ctx: click.Context, /, **options: Any) -> None:
    """Find out on the bench which readings a phone follows.

    For each question (each NAME, or all of them) the phone is brought into a situation in which its
    readings differ. What it does is judged once for each reading; those under which it would have
    broken a clause are refuted, and the one that is left is the answer. At the end stands what to
    write into the inventory. A handset of a rack is leased for it.

    An answer may be missing: `undetermined` names the readings that are left, or what the experiment
    needs and cannot have here, such as days that pass at once; `none fits` says that
    the phone does something that no reading explains; a fault of the lab, or a precondition that did
    not come, is no answer.

    Exit status: 0, 1 where for some question no reading fits, 2 usage, 3 where the lab or a
    precondition kept a question from being answered.

    \b
    hil interpretations probe
    hil interpretations probe list_exhaustion resync_trigger
    hil interpretations probe --testbed virtual48.yaml --handset v02 --json
    hil interpretations probe --testbed rack.yaml --handset a01 --longest 90
    """
    plan = _planned(_Asked(**options))
    answers, trouble = _ask(plan)
    _tell_readings(plan, answers)
    if trouble is not None:
        raise trouble
    ctx.exit(_status(answers))


def _planned(asked: _Asked) -> _Plan:
    """Look up what was asked for; UsageError for what does not exist or cannot be done."""
    from hil.suite_location import suite_root
    from hil.testbed.inventory import load

    named = dict.fromkeys(entry.name for name in asked.names for entry in _entries(name))
    questions = tuple(named) or tuple(entry.name for entry in CATALOGUE)
    inventory = load(asked.testbed or suite_root() / "testbeds" / "virtual.yaml")
    entry = inventory.handset(asked.handset)
    refuse_defects_of_rack(inventory, entry, asked.defects)
    return _Plan(asked, questions, inventory, entry)


def _ask(plan: _Plan) -> tuple[list[Answer], LabError | None]:
    """Put the questions and say each answer as it is known; also what kept the rest unanswered."""
    err = plan.asked.as_json
    answers = []
    try:
        for answer in _answers(plan):
            answers.append(answer)
            click.echo(f"{answer.question}: {answer}", err=err)
            if answer.reading is None:
                for reading, said in answer.against.items():
                    click.echo(f"    not {reading}: {said}", err=err)
    except LabError as error:
        return answers, error
    return answers, None


def _tell_readings(plan: _Plan, answers: list[Answer]) -> None:
    """Say which readings the inventory has to name, and as JSON everything else as well."""
    chosen = {each.question: each.reading for each in answers if each.reading is not None}
    others = {name: reading for name, reading in chosen.items() if reading != _default(name)}
    if plan.asked.as_json:
        told = [each.as_json() for each in answers]
        print_json({"handset": plan.entry.name, "answers": told, "interpretations": others})
    else:
        _tell_yaml(others)


def _status(answers: list[Answer]) -> int:
    """The exit status."""
    results = {each.result.value for each in answers}
    if results & {*_NOT_FOUND}:
        return 1
    return 3 if results & {*_TROUBLE} else 0


def _answers(plan: _Plan) -> Iterator[Answer]:
    """Answer after answer, with the handset held meanwhile; LabError where it must be let go."""
    from hil.history.events import Cause
    from hil.judge import Word
    from hil.probes.engine import probe_each
    from hil.probes.probe import Result
    from hil.recovery.tenancy import tenancy

    asked = plan.asked
    with (
        tenancy(plan.inventory, plan.entry, within_s=asked.wait_s) as having,
        having.bench(defects=asked.defects, wall_clock=asked.wall_clock) as bench,
    ):
        longest_s = float("inf") if bench.clock.virtual else asked.longest_min * 60
        for number, answer in enumerate(probe_each(bench, plan.questions, longest_s), 1):
            if sys.stderr.isatty():
                click.echo(f"\r{number}/{len(plan.questions)} ", nl=False, err=True)
            yield answer
            word = Word.ERROR if answer.result is Result.LAB else Word.PASS
            if reason := having.unfit(word, Cause.LAB):
                raise LabError(reason)


def _tell_yaml(others: Mapping[str, str]) -> None:
    click.echo("")
    if not others:
        click.echo("# the phone follows the defaults, as far as is known")
        return
    click.echo("# for the handset's entry in the inventory:")
    click.echo("    interpretations:")
    for name, reading in others.items():
        # A number is a text in an inventory all the same.
        click.echo(f"      {name}: {json.dumps(reading) if reading.isdigit() else reading}")


def _entries(name: str) -> tuple[Interpretation, ...]:
    """The question of this name, or all that have it as their key; UsageError for neither."""
    known = {entry.name: entry for entry in CATALOGUE}
    if name in known:
        return (known[name],)
    keyed = tuple(entry for entry in CATALOGUE if entry.key.casefold() == name.casefold())
    if keyed:
        return keyed
    raise UsageError(f"no interpretation is called {name[:60]!r}", remedy=meant(name))


def _default(name: str) -> str:
    return str(_entries(name)[0].default)


def _entry_json(entry: Interpretation) -> dict[str, object]:
    return {
        "key": entry.key,
        "name": entry.name,
        "question": entry.question,
        "candidates": list(map(str, entry.candidates)),
        "default": str(entry.default),
        "citation": entry.citation,
        "note": entry.note,
        "effect": entry.name not in WITHOUT_EFFECT,
    }


def _declaring(name: str) -> Iterator[str]:
    """The tests of the suite that are marked as expecting one reading of a question."""
    from hil.suite_location import suite_root

    for path in (suite_root() / "tests" / "certification").glob("test_*.py"):
        text = path.read_text("utf-8")
        if f"{name}=" not in text:
            continue
        for function in ast.walk(ast.parse(text)):
            if not isinstance(function, ast.FunctionDef):
                continue
            for mark in function.decorator_list:
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name):
                    names = [keyword.arg for keyword in mark.keywords]
                    if mark.func.id == "reading" and name in names:
                        yield f"{path.name}::{function.name}"


def _resting(results: Path, name: str) -> list[tuple[str, list[str]]]:
    """The tests of a run whose verdicts rest on a question, with their requirements."""
    try:
        document = json.loads(results.read_text("utf-8"))
        return [
            (test["id"].removeprefix("tests/certification/"), test["requirements"])
            for test in document["tests"]
            if any(each["name"] == name for each in test["interpretations"])
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"not the results of a run: {error}",
            file=str(results),
            remedy="what `hil certify --json FILE` has written",
        ) from error
