"""Power that PDUDaemon switches, a daemon that queues the commands of many clients to many PDUs.

Its HTTP listener takes ``GET /power/control/on?hostname=PDU&port=OUTLET``, and answers 200 once the
PDU's driver has done its work; there is no read-back. ``delay`` is not sent: the daemon calls it
deprecated for on and off.

Proven against Debian's pdudaemon with its ``localcmdline`` driver.
"""

from __future__ import annotations

from urllib.parse import quote

from hil.power.http import HttpPower
from hil.power.http_client import HttpServer
from hil.power.http_dialects import HttpCall, HttpDialect


def pdudaemon(server: HttpServer, pdu: str, *, timeout_s: float = 8.0) -> HttpPower:
    """The driver of the PDU that the daemon's configuration calls ``pdu``.

    ``timeout_s`` includes the time that the daemon takes for the commands of others.
    """
    hostname = quote(pdu, safe="")
    target = f"/power/control/{{action}}?hostname={hostname}&port={{outlet}}"
    dialect = HttpDialect(name=f"PDUDaemon's {pdu} at", switch=HttpCall("GET", target))
    return HttpPower(server, dialect, timeout_s=timeout_s)
