"""A place for each small suite to run in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from suites import Run, run_suite


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Runs the text of a test module with these options."""
    return lambda suite, *options: run_suite(tmp_path_factory.mktemp("suite"), suite, *options)
