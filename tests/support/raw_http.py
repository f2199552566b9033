"""HTTP requests as octets, and what an independent client reads out of the answers."""

from __future__ import annotations

import h11

PROFILE = b"<flat-profile><Resync_Periodic>3600</Resync_Periodic></flat-profile>"


def request(path="/p.xml", method="GET", version="1.1", body=b"", **headers):
    fields = {"host": "prov.example", "connection": "close", **headers}
    if body:
        fields["content-length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"{method} {path} HTTP/{version}\r\n{lines}\r\n".encode("latin-1") + body


def parse(data, method="GET"):
    """The status, headers and body that an independent client reads out of a response."""
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(data)
    parser.receive_data(b"")
    head = parser.next_event()
    body = b""
    while isinstance(event := parser.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    headers = {name.decode(): value.decode() for name, value in head.headers}
    return head.status_code, headers, body


def asking_of(machine, port):
    """Sends a request to ``port`` on a connection of its own and reads the answer."""

    def asking(*args, **fields):
        data = machine.tcp(port).ask(request(*args, **fields))
        return parse(data, fields.get("method", "GET"))

    return asking
