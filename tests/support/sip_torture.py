"""Messages in the manner of RFC 4475, each transcribed for what it tortures, and named as there."""

from __future__ import annotations

COMMON = (
    "Via: SIP/2.0/UDP host.example.com;branch=z9hG4bK.{name}",
    "Max-Forwards: 70",
    "From: <sip:caller@example.net>;tag=93942939o2",
    "To: <sip:callee@example.com>",
    "Call-ID: {name}@host.example.com",
)


def message(name: str, start: str, *lines: str, body: str = "", without: str = "") -> bytes:
    """A message with the common header fields, but for those that ``lines`` have in their place."""
    own = {line.partition(":")[0].strip().lower() for line in lines} | {without.lower()}
    kept = [line.format(name=name) for line in COMMON if line.partition(":")[0].lower() not in own]
    if "cseq" not in own:
        kept.append(f"CSeq: 1 {start.partition(' ')[0]}")
    return "\r\n".join((start, *kept, *lines, "", body)).encode()


WSINV = (
    b"INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
    b"TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
    b'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
    b"MaX-fOrWaRdS: 0068\r\n"
    b"Call-ID: wsinv.ndaksdj@192.0.2.1\r\n"
    b"Content-Length   : 150\r\n"
    b"cseq: 0009\r\n  INVITE\r\n"
    b"Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\n"
    b"s :\r\n"
    b"NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
    b"UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
    b"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
    b" SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
    b'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n'
    b"  secondparam ; q = 0.33\r\n"
    b"\r\n"
    b"v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\n"
    b"t=0 0\r\nm=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n"
)
"""3.1.1.1: white space, folding, compact forms and unusual case wherever they may be."""

METHOD = "!interesting-Method0123456789_*+`.%indeed'~"
INTMETH = (
    f"{METHOD} sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    ":&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\r\n"
    "Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\r\n"
    'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" '
    "<sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\r\n"
    "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>"
    ";fromParam''~+*_!.-%=\"работающий\";tag=_token~1'+`*%!-.\r\n"
    "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n"
    f"CSeq: 139122385 {METHOD}\r\n"
    "Max-Forwards: 255\r\n"
    "extensionHeader-!.%*+_`'~:\ufeff大停電\r\n"
    "Content-Length: 0\r\n\r\n"
).encode()
"""3.1.1.2: every character that each part may have."""

VALID = {
    "wsinv": WSINV,
    "intmeth": INTMETH,
    "esc01": message("esc01", "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0", "l: 0"),
    "escnull": message(
        "escnull",
        "REGISTER sip:example.com SIP/2.0",
        "To: sip:null-%00-null@example.com",
        "Contact: <sip:%00@host5.example.com>",
        "Contact: <sip:%00%00@host5.example.com>",
    ),
    "esc02": message("esc02", "RE%47IST%45R sip:registrar.example.com SIP/2.0"),
    "lwsdisp": message(
        "lwsdisp",
        "OPTIONS sip:user@example.com SIP/2.0",
        "From: caller<sip:caller@example.com>;tag=323",
    ),
    "longreq": message(
        "longreq",
        "INVITE sip:user@example.com SIP/2.0",
        f"From: sip:{'amazinglylong' * 20}@example.net;tag={'12982424' * 20}",
        f"Via: SIP/2.0/UDP {'very' * 40}.example.com;branch=z9hG4bK{'long' * 50}",
    ),
    "dblreq": message("dblreq", "REGISTER sip:example.com SIP/2.0", "l: 0")
    + message("after", "INVITE sip:joe@example.com SIP/2.0"),
    "semiuri": message("semiuri", "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0"),
    "transports": message(
        "transports",
        "OPTIONS sip:user@example.com SIP/2.0",
        "Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw",
        "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf",
        "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en",
        "Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee",
    ),
    "unreason": message(
        "unreason",
        "SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое",
        "CSeq: 35 INVITE",
        "Contact: <sip:user@host198.example.com>",
    ),
    "noreason": message("noreason", "SIP/2.0 100 ", "CSeq: 35 INVITE"),
    "unkscm": message("unkscm", "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"),
    "novelsc": message("novelsc", "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"),
    "unksm2": message(
        "unksm2",
        "REGISTER sip:example.com SIP/2.0",
        "To: isbn:2983792873",
        "From: <http://www.example.com>;tag=3234233",
        "Contact: <name:John_Smith>",
    ),
    "bext01": message(
        "bext01",
        "OPTIONS sip:user@example.com SIP/2.0",
        "Require: nothingSupportsThis, nothingSupportsThisEither",
    ),
    "regaut01": message(
        "regaut01",
        "REGISTER sip:example.com SIP/2.0",
        "Authorization: NoOneKnowsThisScheme opaque-data=here",
    ),
    "zeromf": message("zeromf", "OPTIONS sip:user@example.com SIP/2.0", "Max-Forwards: 0"),
    "cparam01": message(
        "cparam01",
        "REGISTER sip:example.com SIP/2.0",
        "Contact: sip:+19725552222@gw1.example.net;unknownparam",
    ),
    "regescrt": message(
        "regescrt",
        "REGISTER sip:example.com SIP/2.0",
        "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>",
    ),
    "inv2543": message(
        "inv2543",
        "INVITE sip:UserB@example.com SIP/2.0",
        "Via: SIP/2.0/UDP iftgw.example.com",
        "From: <sip:+13035551111@ift.client.example.net;user=phone>",
    ),
}
"""Sections 3.1.1, 3.2 to 3.4: to be read, whatever an element then makes of them."""

INVALID = {
    "badinv01": message(
        "badinv01",
        "INVITE sip:user@example.com SIP/2.0",
        "Contact: <sip:joe@example.com>;;;;",
    ),
    "clerr": message("clerr", "INVITE sip:user@example.com SIP/2.0", "l: 9999", body="short"),
    "ncl": message("ncl", "INVITE sip:user@example.com SIP/2.0", "Content-Length: -999"),
    "scalar02": message(
        "scalar02",
        "REGISTER sip:example.com SIP/2.0",
        "CSeq: 36893488147419103232 REGISTER",
    ),
    "scalar02-forwards": message(
        "scalar02", "REGISTER sip:example.com SIP/2.0", "Max-Forwards: 300"
    ),
    "scalarlg": message(
        "scalarlg", "SIP/2.0 503 Service Unavailable", "CSeq: 9292394834772304023312 INVITE"
    ),
    "quotbal": message(
        "quotbal",
        "INVITE sip:user@example.com SIP/2.0",
        'To: "Mr. J. User <sip:j.user@example.com>',
    ),
    "ltgtruri": message("ltgtruri", "INVITE <sip:user@example.com> SIP/2.0"),
    "lwsruri": message("lwsruri", "INVITE sip:user@example.com; lr SIP/2.0"),
    "lwsstart": message("lwsstart", "INVITE  sip:user@example.com  SIP/2.0"),
    "trws": message("trws", "OPTIONS sip:remote-target@example.com SIP/2.0  "),
    "regbadct": message(
        "regbadct",
        "REGISTER sip:example.com SIP/2.0",
        "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E",
    ),
    "badaspec": message(
        "badaspec",
        "OPTIONS sip:user@example.org SIP/2.0",
        'To: "Watson, Thomas" < sip:t.watson@example.org >',
    ),
    "baddn": message(
        "baddn",
        "OPTIONS sip:t.watson@example.org SIP/2.0",
        "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
    ),
    "badvers": message("badvers", "OPTIONS sip:t.watson@example.org SIP/7.0"),
    "mismatch01": message("mismatch01", "OPTIONS sip:user@example.com SIP/2.0", "CSeq: 8 INVITE"),
    "bigcode": message("bigcode", "SIP/2.0 4294967301 better not break", "CSeq: 2 INVITE"),
    "insuf": message("insuf", "INVITE sip:user@example.com SIP/2.0", without="Call-ID"),
    "multi01": message(
        "multi01",
        "INVITE sip:user@company.com SIP/2.0",
        "To: <sip:user@example.com>",
        "To: <sip:other@example.net>",
    ),
    "mcl01": message("mcl01", "OPTIONS sip:user@example.com SIP/2.0", "l: 5", "Content-Length: 0"),
}
"""Sections 3.1.2, 3.3.1, 3.3.8 and 3.3.9: to be refused."""
