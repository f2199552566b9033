"""What is declared, pinned and shipped."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)")


@pytest.fixture(scope="module")
def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    found = [PIN.fullmatch(line) for line in lines if line and not line.startswith("#")]
    assert None not in found, "a constraint is not name==version"
    return {canonicalize_name(match[1]): match[2] for match in found if match}


@pytest.mark.parametrize("text", DECLARED)
def test_every_dependency_has_a_pin_that_its_declaration_allows(pins, text):
    requirement = Requirement(text)
    assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


def test_what_the_dependencies_need_is_pinned_too(pins):
    waiting, seen = list(map(Requirement, DECLARED)), set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = requirement.extras or {""}
        if requirement.marker and not any(
            requirement.marker.evaluate({"extra": e}) for e in extras
        ):
            continue
        if name not in seen:
            seen.add(name)
            waiting += [
                needed
                for needed in map(Requirement, metadata.requires(requirement.name) or ())
                if not needed.marker
                or any(needed.marker.evaluate({"extra": extra}) for extra in extras)
            ]
    assert seen - set(pins) == set()
    assert "pyasn1" in seen, "the walk goes beyond what is declared"


def test_no_file_of_the_build_names_a_registry():
    files = ["pyproject.toml", "constraints.txt", "Makefile", ".ci/run", ".ci/make-venv"]
    assert [name for name in files if re.search(r"https?://", (ROOT / name).read_text())] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    into = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", into]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=True)
    (made,) = into.glob("*.whl")
    with zipfile.ZipFile(made) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("source", "shipped"),
    [
        ("hil", "hil"),
        ("conftest.py", "hil/suite/conftest.py"),
        ("fixtures", "hil/suite/fixtures"),
        ("testbeds", "hil/suite/testbeds"),
        ("tests/certification", "hil/suite/tests/certification"),
    ],
)
def test_the_wheel_carries_the_suite_as_it_stands(wheel, source, shipped):
    path = ROOT / source
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    wanted = {
        shipped + file.as_posix().removeprefix(path.as_posix()): file.read_bytes()
        for file in files
        if "__pycache__" not in file.parts
    }
    assert wanted
    assert {name: wheel.get(name) for name in wanted} == wanted


def test_the_wheel_is_typed_licensed_and_clean(wheel):
    assert "hil/py.typed" in wheel
    assert [name for name in wheel if name.endswith(("licenses/LICENSE", "entry_points.txt"))]
    assert {name.partition("/")[0].partition("-")[0] for name in wheel} == {"hil"}
    assert [name for name in wheel if "__pycache__" in name or name.endswith(".pyc")] == []
