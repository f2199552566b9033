"""`make` and what it calls, as far as it can be tried without installing anything."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYSTEM = "/usr/bin:/bin"
TARGETS = {
    *("help", "certify", "test", "lint", "soak", "bench", "docs", "durations", "kills", "dist"),
    "clean",
}


def run(*command, cwd=ROOT, **environment):
    return subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": SYSTEM, "HOME": str(cwd), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def make():
    if shutil.which("make", path=SYSTEM) is None:
        pytest.skip("needs make: apt-get install make")
    return lambda *arguments: run("make", *arguments)


@pytest.fixture
def make_venv(tmp_path):
    """Calls the script in an empty directory, with a Python that is written for the occasion."""

    def called(python_script, venv="venv"):
        python = tmp_path / "python3"
        python.write_text(f"#!/bin/sh\n{python_script}\n")
        python.chmod(0o755)
        return run(str(ROOT / ".ci/make-venv"), venv, ".", cwd=tmp_path, PYTHON=str(python))

    return called


def test_make_alone_says_what_there_is_and_does_nothing(make):
    shown = make().stdout
    assert set(re.findall(r"^  make ([a-z]+) ", shown, re.MULTILINE)) == TARGETS
    assert shown == make("help").stdout


def test_the_tests_run_under_the_launcher_from_an_environment_that_follows_its_inputs(make):
    planned = make("--dry-run", "--always-make", "test", "ARGS=-k tftp").stdout
    install, launch = (
        planned.index(".ci/make-venv .venv '.[dev]'"),
        planned.index("hil.net.launcher"),
    )
    assert install < launch
    assert "-m pytest -n 5 --dist worksteal -k tftp" in planned


@pytest.mark.parametrize("target", ["test", "soak", "bench"])
def test_what_is_imported_is_compiled_once_though_the_environment_says_not_to(
    make, tmp_path, target
):
    """As images of containers do. Hundreds of processes would compile it all again."""
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin/python"
    python.write_text("#!/bin/sh\nenv\n")
    python.chmod(0o755)
    (tmp_path / ".installed-dev").touch()
    shown = run("make", target, f"VENV={tmp_path}", PYTHONDONTWRITEBYTECODE="1", OTHER="1").stdout
    assert "OTHER=1" in shown
    assert "PYTHONDONTWRITEBYTECODE" not in shown


def test_certify_installs_what_it_needs_to_run_and_no_more(make):
    planned = make("--dry-run", "--always-make", "certify", "ARGS=--defect x").stdout
    assert ".ci/make-venv .venv .\n" in planned
    assert planned.splitlines()[-1] == ".venv/bin/hil certify --defect x"


def test_an_old_python_is_refused_with_the_remedy(make_venv):
    done = make_venv("exit 1")
    assert done.returncode == 1
    assert "needs Python 3.11 or later" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr


def test_a_python_without_any_installer_is_refused_with_the_remedy(make_venv, tmp_path):
    # As Debian has it without python3-venv and python3-pip.
    done = make_venv(f'case "$*" in -m*) exit 1;; esac; exec {sys.executable} "$@"')
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_a_directory_that_is_no_environment_is_left_alone(make_venv, tmp_path):
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/thesis").write_text("years of work")
    done = make_venv(f'exec {sys.executable} "$@"')
    assert done.returncode == 1
    assert "is no virtual environment" in done.stderr
    assert (tmp_path / "venv/thesis").read_text() == "years of work"


@pytest.mark.parametrize("script", [".ci/run", ".ci/make-venv"])
def test_scripts_can_be_run_and_parse(script):
    path = ROOT / script
    assert os.access(path, os.X_OK)
    shell = path.read_text().splitlines()[0].removeprefix("#!").split()[-1].rpartition("/")[2]
    assert run(shell, "-n", str(path)).returncode == 0
