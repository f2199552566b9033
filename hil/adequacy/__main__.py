"""``python -m hil.adequacy ADEQUACY.json``: the hints that come with hil, from the whole matrix.

That is ``hil adequacy --json ADEQUACY.json``. `make kills` does both.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hil.adequacy.hints import derived
from hil.errors import HilError


def main(arguments: list[str]) -> int:
    """Print the hints; the exit status."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)  # noqa: T201
        return 2
    try:
        sys.stdout.write(derived(Path(arguments[0]).read_bytes()))
    except (OSError, HilError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
