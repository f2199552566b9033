"""Net-snmp's tools, with state of their own: nothing of the machine speaks into what they say.

A tool that finds no directory for its state makes one and tells so on standard error.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from programs import needed

DEADLINE_S = 20.0


def tool(name: str, *arguments: str) -> tuple[int, str]:
    """How a tool of net-snmp ended, and what it said."""
    program = needed(name, "snmp")
    with tempfile.TemporaryDirectory(prefix="hil-snmp-") as state:
        (Path(state) / "cert_indexes").mkdir()
        run = subprocess.run(
            [program, "-On", *arguments],
            env={**os.environ, "MIBS": "", "SNMP_PERSISTENT_DIR": state},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
    return run.returncode, (run.stdout + run.stderr).strip()
