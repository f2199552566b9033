"""The serial console of a handset: its line, wherever it hangs, as events of the history."""

from hil.console.config import ConsoleConfig
from hil.console.console import Console
from hil.console.lines import shown

__all__ = ["Console", "ConsoleConfig", "shown"]
