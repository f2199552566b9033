"""How the phone names itself, in the User-Agent of HTTP and in that of SIP.

To HTTP servers it does so by HTTP_User_Agent_Name, ``$VERSION ($MA)`` by default.
$VERSION is no macro of the chapter. The header that a 7832 sends, ``Cisco-CP-7832-3PCC/11.0.1
(00562b043615)`` (Administration Guide 11.3, Provisioning), shows that it is maker, product name and
marketing version.
"""

from __future__ import annotations

import re

from hil.reference.expansion import expand
from hil.reference.identity import Identity
from hil.reference.macros import MacroTable

_UNSENDABLE = re.compile(r"[^\x20-\x7e]")


def user_agent(table: MacroTable) -> str:
    """Return the header's value; what no header can carry becomes a question mark.

    Raises `MacroError` for an expansion beyond all measure.
    """
    identity = table.identity

    def lookup(name: str) -> str | None:
        return _version(identity) if name == "VERSION" else table.lookup(name)

    template = table.parameters.raw("HTTP_User_Agent_Name")
    return _UNSENDABLE.sub("?", expand(template, lookup, table.interpretations)).strip()


def sip_user_agent(identity: Identity) -> str:
    """Return the User-Agent (RFC 3261, section 20.41) of the phone's SIP messages.

    No parameter changes it: ``Cisco-CP-7832-3PCC/11.3.2_000e08aabbcc``.
    """
    return f"{_version(identity)}_{identity.ma}"


def _version(identity: Identity) -> str:
    return f"Cisco-{identity.pn}/{identity.version}"
