"""A PDU that outlives whoever switches it: ``python pdu_process.py OUTLETS RELAYS``.

The virtual PDU on a free port of the loopback interface, which it prints. What a relay does is a line
``OUTLET on|off`` in the file RELAYS. It ends when its standard input does. A line on it is an order:
``die`` makes it answer nothing and do nothing, ``live`` ends that.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hil.virtual.pdu import HONEST, PduManner, VirtualPdu


async def serve(outlets: int, relays: Path) -> None:
    def act(outlet: int, on: bool) -> None:
        with relays.open("a") as opened:
            opened.write(f"{outlet} {'on' if on else 'off'}\n")

    pdu = VirtualPdu(act, outlets=outlets, port=0)
    await pdu.start()
    print(pdu.port, flush=True)  # noqa: T201
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while order := await orders.readline():
        pdu.behave(PduManner(dead=True) if order == b"die\n" else HONEST)
        print("done", flush=True)  # noqa: T201
    await pdu.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
