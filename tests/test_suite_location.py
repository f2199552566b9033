"""What pytest is told of its surroundings while it runs the suite, and that they stay as they were."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from hil.suite_location import pytest_alone

NAMES = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_ADDOPTS")
TOLD = f"import json, os; print(json.dumps([os.environ.get(name) for name in {NAMES}]))"


@pytest.mark.parametrize("before", [(None, None), ("0", "--nonsense")])
def test_plugins_and_options_of_others_are_out_for_the_time_of_a_run(
    monkeypatch: pytest.MonkeyPatch, before: tuple[str | None, str | None]
) -> None:
    for name, value in zip(NAMES, before, strict=True):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    with pytest_alone():
        # A worker that is begun meanwhile has the same environment.
        told = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, check=True)
    assert json.loads(told.stdout) == ["1", None]
    assert tuple(os.environ.get(name) for name in NAMES) == before


def test_the_environment_is_as_it_was_when_a_run_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--nonsense")
    before = dict(os.environ)
    with pytest.raises(KeyboardInterrupt), pytest_alone():
        raise KeyboardInterrupt
    assert dict(os.environ) == before
