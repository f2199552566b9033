"""DHCP exchanges a second of our endpoint against dnsmasq: DISCOVER, OFFER, REQUEST, ACK.

The client is one handset with one MAC address, as our endpoint serves no other. It has a number of
exchanges under way at once, told apart by their transaction ids; with one, what is measured is how
long a phone waits. Its messages are written once and sent with another id each time, so that it
takes little of the CPU that it shares with the server.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.laboratory import (
    HANDSET_MAC,
    SERVER,
    Laboratory,
    PeerMissing,
    one_cpu,
    program,
)
from benchmarks.table import Row
from hil.net.virtual import BRIDGE
from hil.wire import dhcp as wire
from hil.wire import dhcp_options as opt

_UNDER_WAY = (1, 16)
_EXCHANGES = 1500
_RUNS = 3
_PATIENCE_S = 1.0
_PEER = "dnsmasq"
_XID = slice(4, 8)


def rows() -> Iterator[Row]:
    """A row a number of exchanges under way."""
    with contextlib.closing(Laboratory()) as lab, tempfile.TemporaryDirectory() as name:
        ours = _measured(lab, lambda: lab.ours("dhcp", Path(name)))
        remark, theirs = "", {}
        try:
            theirs = _measured(lab, lambda: _dnsmasq(lab))
        except PeerMissing as missing:
            remark = str(missing)
        for count in _UNDER_WAY:
            what = f"DHCP, {count} under way" if count > 1 else "DHCP, one after the other"
            yield Row(what, ours[count], "exchanges/s", None, _PEER, theirs.get(count), remark)


def _measured(lab: Laboratory, command: Callable[[], list[str]]) -> dict[int, float]:
    with contextlib.closing(Client(lab)) as client:

        def ready() -> bool:
            return client.exchange(1, 1, patience=0.05) is not None

        with lab.server(command(), ready), one_cpu():
            return {count: _rate(client, count) for count in _UNDER_WAY}


def _rate(client: Client, under_way: int) -> float:
    rates = []
    for _ in range(_RUNS):
        took = client.exchange(_EXCHANGES, under_way, patience=_PATIENCE_S)
        if took is None:
            raise PeerMissing(f"an exchange got no answer in {_PATIENCE_S:g} s")
        rates.append(_EXCHANGES / took)
    return statistics.median(rates)


class Client:
    """A handset that asks for its lease again and again."""

    def __init__(self, lab: Laboratory) -> None:
        opened = lab.handset.far.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        opened.bind(("0.0.0.0", wire.CLIENT_PORT))
        self._socket = opened
        self._discover = _message(opt.MESSAGE_TYPE.pack(wire.MessageType.DISCOVER))
        self._request = b""
        self._next = 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def exchange(self, count: int, under_way: int, *, patience: float) -> float | None:
        """Get ``count`` leases; the seconds that took, or None if nothing came for ``patience``."""
        self._socket.settimeout(patience)
        waiting: dict[bytes, wire.MessageType] = {}
        done = 0
        began = time.perf_counter()
        for _ in range(min(count, under_way)):
            self._begin(waiting)
        while done < count:
            try:
                data = self._socket.recv(2048)
            except TimeoutError:
                return None
            xid = data[_XID]
            match waiting.get(xid), _kind(data):
                case wire.MessageType.OFFER, wire.MessageType.OFFER:
                    waiting[xid] = wire.MessageType.ACK
                    self._send(self._request or self._accept(data), xid)
                case wire.MessageType.ACK, wire.MessageType.ACK:
                    del waiting[xid]
                    done += 1
                    if done + len(waiting) < count:
                        self._begin(waiting)
        return time.perf_counter() - began

    def _begin(self, waiting: dict[bytes, wire.MessageType]) -> None:
        self._next += 1
        xid = self._next.to_bytes(4, "big")
        waiting[xid] = wire.MessageType.OFFER
        self._send(self._discover, xid)

    def _accept(self, offer: bytes) -> bytes:
        told = wire.decode(offer)
        server = told.option(opt.SERVER_ID.code)
        assert server is not None
        self._request = _message(
            opt.MESSAGE_TYPE.pack(wire.MessageType.REQUEST),
            opt.REQUESTED_ADDRESS.pack(told.yiaddr),
            (opt.SERVER_ID.code, server),
        )
        return self._request

    def _send(self, message: bytes, xid: bytes) -> None:
        whole = message[: _XID.start] + xid + message[_XID.stop :]
        self._socket.sendto(whole, ("255.255.255.255", wire.SERVER_PORT))


def _message(*options: tuple[int, bytes]) -> bytes:
    return wire.encode(
        wire.Message(
            op=wire.Op.BOOTREQUEST,
            xid=0,
            chaddr=bytes.fromhex(HANDSET_MAC.replace(":", "")),
            flags=wire.BROADCAST_FLAG,
            options=(*options, (opt.PARAMETER_LIST.code, bytes((1, 3, 6, 51, 66)))),
        )
    )


def _kind(data: bytes) -> int:
    """The message type, which both servers put first, as most do."""
    return data[242] if data[240:242] == b"\x35\x01" else wire.decode(data).kind or 0


def _dnsmasq(lab: Laboratory) -> list[str]:
    address = str(lab.handset.address)
    return [
        program("dnsmasq", "dnsmasq"),
        "--no-daemon",
        "--conf-file=/dev/null",
        "--user=root",
        "--pid-file=",
        "--port=0",
        f"--interface={BRIDGE}",
        f"--listen-address={SERVER}",
        f"--dhcp-range={address},{address},1h",
        "--dhcp-authoritative",
        "--leasefile-ro",
        "--no-ping",
        "--quiet-dhcp",
    ]
