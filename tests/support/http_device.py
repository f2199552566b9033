"""A device with a web interface that switches power, as a program of its own.

It follows the interfaces that Shelly and Tasmota publish, keeps its relays in memory, and says on its
first line which port it has. What it is asked it writes to stderr.

    python http_device.py shelly-gen1|shelly-gen2|tasmota|plain [--password WORD] [--manner MANNER]
                          [--certificate PEM]
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import secrets
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

NONCE = secrets.token_hex(16)


class Device(BaseHTTPRequestHandler):
    options: ClassVar[argparse.Namespace]
    relays: ClassVar[dict[str, bool]] = {}

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.said = self.rfile.read(length).decode()
        misbehaves = MANNERS.get(self.options.manner)
        if misbehaves is not None:
            misbehaves(self)
        elif self.may():
            url = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            INTERFACES[self.options.kind](self, url.path, asked)

    do_PUT = do_GET  # noqa: N815 - the name that http.server calls

    def answer(self, status: int, text: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def tell(self, status: int = 200, **said: object) -> None:
        self.answer(status, json.dumps(said), Content_Type="application/json")

    def may(self) -> bool:
        """Whether who asks has the password, in the way of this kind of device."""
        password, kind = self.options.password, self.options.kind
        if not password or kind in ("tasmota", "plain"):
            return True
        given = self.headers.get("Authorization", "")
        if kind == "shelly-gen2":
            challenge = f'Digest qop="auth", realm="shelly", nonce="{NONCE}", algorithm=SHA-256'
            good = given.startswith("Digest ") and self.proves(given.removeprefix("Digest "))
        else:
            challenge = 'Basic realm="shelly"'
            good = given == "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()
        if not good:
            self.answer(401, "", WWW_Authenticate=challenge)
        return good

    def proves(self, credentials: str) -> bool:
        """RFC 7616 from the device's side."""
        c = parse_keqv_list(parse_http_list(credentials))
        secret = _hash(f"admin:{c['realm']}:{self.options.password}")
        request = _hash(f"{self.command}:{self.path}")
        parts = (secret, NONCE, c["nc"], c["cnonce"], c["qop"], request)
        return c["uri"] == self.path and c["response"] == _hash(":".join(parts))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def shelly_gen1(device: Device, path: str, asked: dict[str, str]) -> None:
    relay = path.removeprefix("/relay/")
    if relay not in "0123":
        device.answer(404, "Not Found")
        return
    if "turn" in asked:
        device.relays[relay] = asked["turn"] == "on"
    device.tell(ison=device.relays.get(relay, False), has_timer=False, source="http")


def shelly_gen2(device: Device, path: str, asked: dict[str, str]) -> None:
    relay = asked.get("id", "")
    if relay not in "0123":
        device.tell(500, code=-105, message=f"Argument 'id', value {relay} not found!")
    elif path == "/rpc/Switch.Set":
        was = device.relays.get(relay, False)
        device.relays[relay] = asked["on"] == "true"
        device.tell(was_on=was)
    elif path == "/rpc/Switch.GetStatus":
        device.tell(id=int(relay), source="HTTP", output=device.relays.get(relay, False))
    else:
        device.tell(404, code=404, message=f"No handler for {path}")


def tasmota(device: Device, path: str, asked: dict[str, str]) -> None:
    given = asked.get("user"), asked.get("password")
    if device.options.password and given != ("admin", device.options.password):
        device.tell(WARNING="Need user=<username>&password=<password>")
        return
    name, _, word = asked.get("cmnd", "").partition(" ")
    relay = name.removeprefix("Power")
    if path != "/cm" or relay not in ("1", "2"):
        device.tell(Command="Unknown")
        return
    if word:
        device.relays[relay] = word == "On"
    shown = "POWER" if device.options.manner == "single" else f"POWER{relay}"
    device.tell(**{shown: "ON" if device.relays.get(relay) else "OFF"})


def plain(device: Device, path: str, asked: dict[str, str]) -> None:
    """Something that nobody knows: PUT /sockets/NAME with {"power": 1}; a page that shows it."""
    name = path.removeprefix("/sockets/")
    if device.command == "PUT" and device.headers.get("X-Token") == device.options.password:
        device.relays[name] = json.loads(device.said)["power"] == "1"
        device.answer(204, "")
    elif device.command == "GET":
        state = "live" if device.relays.get(name) else "dead"
        device.answer(200, f"<html><b>{name}</b> is <i>{state}</i></html>")
    else:
        device.answer(403, f"no entry with {device.headers.get('X-Token')}")


INTERFACES = {
    "shelly-gen1": shelly_gen1,
    "shelly-gen2": shelly_gen2,
    "tasmota": tasmota,
    "plain": plain,
}


def _endless(device: Device) -> None:
    device.send_response(200)
    device.end_headers()
    while True:
        device.wfile.write(b"x" * 65_536)


def _redirect(device: Device) -> None:
    device.answer(302, "", Location="http://127.0.0.1:1/relay/0")


MANNERS = {
    "redirect": _redirect,
    "broken": lambda device: device.answer(500, "out of order"),
    "garbage": lambda device: device.wfile.write(bytes(range(256)) * 4),
    "no-json": lambda device: device.answer(200, "[" * 100_000),
    "nothing": lambda device: device.answer(200, ""),
    "endless": _endless,
    "short": lambda device: device.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
    "ends": lambda device: None,
    "silent": lambda device: threading.Event().wait(60),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=INTERFACES)
    parser.add_argument("--password", default="")
    parser.add_argument("--manner", default="")
    parser.add_argument("--certificate", default="")
    Device.options = parser.parse_args()
    with ThreadingHTTPServer(("127.0.0.1", 0), Device) as server:
        if Device.options.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(Device.options.certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        sys.stdout.write(f"port {server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
