"""Stories of a phone with one line: its REGISTERs and what its proxies answer."""

from __future__ import annotations

from histories import LAB, PHONE, Story

from hil.history import events as ev

CHALLENGE = ("WWW-Authenticate", 'Digest realm="hil", nonce="n", algorithm=MD5, qop="auth"')
ACCOUNT = {
    "Resync_On_Reset": "No",
    "Resync_Periodic": "0",
    "Proxy_1_": LAB,
    "User_ID_1_": "line1",
    "Password_1_": "secret",
    "Register_Expires_1_": "600",
}
DUAL = {"Alternate_Proxy_1_": f"{LAB}:5070", "Dual_Registration_1_": "Yes"}
AT_ONCE = 20.0
"""The first REGISTER of these stories; the lease is at 10 s."""


class Lines(Story):
    """A phone with a line that has its lease at 10 s."""

    def __init__(self, **parameters: str) -> None:
        super().__init__()
        self.started("sip.registration").prepared(**ACCOUNT | parameters)
        self.power(1, "on").lease(10, {51: b"\xff\xff\xff\xff"})
        self._cseq = 0

    def asks(
        self,
        at: float,
        *,
        backup: bool = False,
        expires: int = 600,
        transport: str = "UDP",
        connection: int = 0,
        authorization: str = "",
    ) -> Lines:
        """A new REGISTER."""
        self._cseq += 1
        head = f"Authorization: {authorization}\r\n" if authorization else ""
        message = ev.SipMessage(
            source="backup-sip" if backup else "sip",
            direction=ev.Direction.RECEIVED,
            transport=transport,
            peer=f"{PHONE}:5060",
            port=5070 if backup else 5061 if transport == "TLS" else 5060,
            method="REGISTER",
            call_id="call",
            cseq=self._cseq,
            request_uri=f"sip:{LAB}",
            from_user="line1",
            to_user="line1",
            expires=expires,
            connection=connection,
            data=f"REGISTER sip:{LAB} SIP/2.0\r\n{head}\r\n".encode(),
        )
        self.tell(at, message)
        return self

    def told(
        self,
        at: float,
        status: int,
        *headers: tuple[str, str],
        expires: int = -1,
        spoiled: bool = False,
    ) -> Lines:
        """The answer to the last REGISTER."""
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        asked = next(e for e in reversed(self.events) if isinstance(e, ev.SipMessage))
        message = ev.SipMessage(
            source=asked.source,
            direction=ev.Direction.SENT,
            transport=asked.transport,
            peer=asked.peer,
            port=asked.port,
            method="REGISTER",
            call_id=asked.call_id,
            cseq=asked.cseq,
            status=status,
            from_user="line1",
            to_user="line1",
            expires=expires,
            malformed=spoiled,
            data=f"SIP/2.0 {status} so\r\n{head}\r\n".encode(),
        )
        self.tell(at, message)
        return self

    def registered(self, at: float = AT_ONCE, expires: int = 600) -> Lines:
        """A REGISTER that is granted at once."""
        return self.asks(at).told(at, 200, expires=expires)

    def until(self, at: float) -> Lines:
        """Time passes."""
        self.ended(at)
        return self
