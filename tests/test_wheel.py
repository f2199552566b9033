"""The wheel works by itself: installed into an environment of its own, called from anywhere."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a command that finds neither the checkout nor anything that pytest or its caller set."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd)}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout
    )


def installer(python: Path) -> list[str]:
    """The command that installs a wheel into the environment of ``python``, without any network."""
    if importlib.util.find_spec("uv"):
        return [sys.executable, "-m", "uv", "pip", "install", "--offline", "--python", str(python)]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--offline", "--python", str(python)]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index"]
    pytest.skip("needs uv or pip in the environment of the tests: python -m ensurepip")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but the wheel; what hil depends on is lent by that of the tests."""
    into = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)]
    built = run(*build, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    (wheel,) = into.glob("*.whl")
    venv.create(into / "venv", symlinks=True)
    python = into / "venv/bin/python"
    done = run(*installer(python), "--no-deps", wheel, cwd=into)
    assert done.returncode == 0, done.stderr
    # A path in a .pth file is searched, but the .pth files behind it are not read: the dependencies
    # are found, and the checkout, which stands in a .pth file there, is not.
    (site,) = (into / "venv").glob("lib/python3*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return into / "venv"


def test_the_package_that_is_imported_is_the_installed_one(installed: Path, tmp_path: Path) -> None:
    where = "import hil, hil.suite_location as s; print(hil.__file__, s.suite_root())"
    package, suite = run(installed / "bin/python", "-c", where, cwd=tmp_path).stdout.split()
    assert Path(package).is_relative_to(installed)
    assert Path(suite).is_relative_to(installed)


def test_certify_runs_the_suite_with_no_checkout(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "bin/hil", "certify", "-k", "on_reset", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS           test_resync_on_reset.py::" in done.stdout
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"


def test_nothing_but_hil_lands_in_site_packages(installed: Path) -> None:
    (site,) = installed.glob("lib/python3*/site-packages")
    names = {path.name.partition("-")[0] for path in site.iterdir()}
    assert names - {"lent.pth", "__pycache__"} == {"hil"}
