"""``python -m hil.pace USUAL.json QUICK.json SLOW.json``: the figures that come with hil, from runs.

The runs are of the whole suite in virtual time: ``hil certify --timers usual --json USUAL.json``, the
same with ``--timers quick``, and that once more on a handset with ``minimum_timer_s: 60``. `make
durations` does all of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hil.errors import HilError
from hil.pace.durations import derived


def main(arguments: list[str]) -> int:
    """Print the figures; the exit status."""
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)  # noqa: T201
        return 2
    try:
        usual, quick, slow = (Path(each).read_bytes() for each in arguments)
        sys.stdout.write(derived(usual, quick, slow))
    except (OSError, HilError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
