"""A forked child: prepares its handset, runs its tests, and tells what came of each.

The child has everything that its parent had collected and nothing of any other child. It enters
namespaces of its own, so its network vanishes with it, and it never returns: `os._exit` ends it,
whatever happened, and the kernel takes back what it held.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from typing import NoReturn

import pytest

from hil.adequacy.job import Job, Observer, Stop
from hil.adequacy.messages import Broke, Ended, seen, send
from hil.children import detach, die_with
from hil.errors import LabError
from hil.evidence.results import RunResults, TestResult
from hil.judge import Word
from hil.net.namespace import enter
from hil.pytest_plugin import RESULTS


def become(
    job: Job,
    items: Sequence[pytest.Item],
    config: pytest.Config,
    pipe: int,
    errors: int,
    parent: int,
) -> NoReturn:
    """Run ``job`` with its ``items`` in a process just forked by ``parent``; end that process.

    Messages go to ``pipe``, standard error to the file ``errors``.
    """
    status = 1
    try:
        os.setpgid(0, 0)
        die_with(parent)
        detach(errors)
        enter()
        # The new user namespace has let go of it.
        die_with(parent)
        _run(job, items, config, pipe)
        status = 0
    except BaseException:  # noqa: BLE001
        # Nothing may unwind into the parent's stack, of which this process has a copy.
        send(pipe, Broke(traceback.format_exc()))
    finally:
        os._exit(status)


def _run(job: Job, items: Sequence[pytest.Item], config: pytest.Config, pipe: int) -> None:
    results = config.stash[RESULTS] = RunResults(planned=len(items))
    observer = job.prepare(config)
    for item, following in zip(items, [*items[1:], None], strict=True):
        result, data = _one(item, following, results, observer)
        counted = _counted(job, result)
        send(pipe, seen(result, counted, data))
        killed = bool(counted) and result.judgement.word is Word.FAIL
        if killed and job.stop is Stop.FIRST_KILL:
            break
    baselines = tuple(seen(each, frozenset()) for each in results.baselines)
    send(pipe, Ended(baselines, tuple(results.troubles)))


def _one(
    item: pytest.Item,
    following: pytest.Item | None,
    results: RunResults,
    observer: Observer | None,
) -> tuple[TestResult, bytes]:
    """Run one test by pytest's own protocol; its result as it stands after its teardown."""
    if observer is not None:
        observer.before(item.nodeid)
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    data = observer.after(item.nodeid) if observer is not None else b""
    result = next((each for each in reversed(results.tests) if each.id == item.nodeid), None)
    if result is None:
        raise LabError("a test ended without a verdict", concerns=item.nodeid)
    return result, data


def _counted(job: Job, result: TestResult) -> frozenset[int]:
    findings = result.judgement.findings
    return frozenset(place for place, each in enumerate(findings) if job.counts(each))
