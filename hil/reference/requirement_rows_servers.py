"""The clauses of servers: how one is found and convinced, and how a file is transferred.

Rows of `hil.reference.requirements`.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources
from hil.reference.requirement import Level, Witness, row

DHCP = (
    row(
        "dhcp.option_to_use",
        "The provisioning server is taken from the DHCP options of DHCP_Option_To_Use, in "
        "the order in which they are listed.",
        sources.PROFILE + "DHCP Option To Use",
        "which of the offered servers is asked",
        Witness.DHCP,
        Witness.REQUEST,
    ),
    row(
        "dhcp.vendor_options",
        "DHCP options 43 and 125 name the server by the text of one of their sub-options; of "
        "125 only Cisco's block counts.",
        sources.PROFILE + "DHCP Option To Use; RFC 2132 section 8.4; RFC 3925 section 4",
        "which of the offered servers is asked",
        Witness.DHCP,
        Witness.REQUEST,
    ),
    row(
        "dhcp.option_overload",
        "DHCP options are read in the file and sname fields where option 52 says that they "
        "are there.",
        "RFC 2132 section 9.3",
        "which of the offered servers is asked",
        Witness.DHCP,
        Witness.REQUEST,
    ),
    row(
        "dhcp.long_options",
        "The parts of a DHCP option that occurs several times in a message are one value.",
        "RFC 3396 section 7",
        "the URL that is asked for",
        Witness.DHCP,
        Witness.REQUEST,
    ),
    row(
        "dhcp.renewal",
        "At T1 the phone asks the server of its lease to extend it; the options of the "
        "newest acknowledgement count, and a refusal ends the lease.",
        "RFC 2131 section 4.4.5",
        "the time and the destination of the DHCPREQUEST",
        Witness.DHCP,
        Witness.TIMING,
    ),
    row(
        "dhcp.rebinding",
        "At T2 the phone asks all servers to extend its lease; when the lease has ended it "
        "begins anew.",
        "RFC 2131 section 4.4.5",
        "the time and the destination of the DHCPREQUEST",
        Witness.DHCP,
        Witness.TIMING,
    ),
)
"""What the phone learns from DHCP."""

TRANSFERS = (
    row(
        "transfer.redirect",
        "301 and 302 are followed at once.",
        "Administration Guide, Provisioning: HTTP status codes",
        "the request at the other location",
        Witness.REQUEST,
        Witness.TRANSFER,
    ),
    row(
        "transfer.http",
        "Profiles are fetched with complete, well-formed HTTP requests; an answer that is "
        "cut short or not 200 is no profile.",
        "Administration Guide, Provisioning: HTTP status codes",
        "the request line, its fields, and what is made of the answer",
        Witness.TRANSFER,
        Witness.REQUEST,
    ),
    row(
        "transfer.tftp",
        "Profiles are fetched by TFTP read requests; a transfer that ends in an error is no "
        "profile.",
        "RFC 1350; " + sources.UPGRADE + "Upgrade Rule",
        "the packets of the transfer, and what is made of the file",
        Witness.TRANSFER,
        Witness.REQUEST,
    ),
    row(
        "transfer.https",
        "Over HTTPS the server's certificate must be valid, trusted and for the host of the URL.",
        "Administration Guide, Phone Security",
        "a handshake that ends without a request",
        Witness.TRANSFER,
        Witness.ABSENCE,
    ),
    row(
        "transfer.client_certificate",
        "The phone shows its client certificate to a server that asks for one.",
        "Administration Guide, Phone Security",
        "the certificate of the handshake",
        Witness.TRANSFER,
    ),
)
"""How a file is fetched."""

SERVERS = (
    row(
        "rules.credentials",
        "The arguments of --uid and --pwd may stand in quotes and may have characters in octal.",
        sources.FORMATS + ", Profile Rule; 7800 Administration Guide, Upgrade Rule",
        "the user and the proof in the credentials",
        Witness.TRANSFER,
        level=Level.SHOULD,
    ),
    row(
        "rules.post",
        "With --post x the request is a POST, whose body is GPP_x with its macros expanded.",
        sources.FORMATS + ", Profile Rule; SPA Provisioning Guide, post",
        "the method and the body of the request",
        Witness.TRANSFER,
    ),
    row(
        "rules.alias",
        "With --alias x the alias map in GPP_x gives elements of any XML the names of "
        "parameters, by the right-most part of their path.",
        sources.FORMATS + ", Profile Rule; SPA Provisioning Guide, alias",
        "a path with a register that the aliased element sets",
        Witness.REQUEST,
    ),
    row(
        "rules.srv",
        "With --srv the host's SRV records say which host and port are asked, the lowest "
        "priority first; TFTP has none.",
        "Administration Guide, Provisioning: DNS SRV for HTTP; RFC 2782",
        "host and port of the request",
        Witness.DNS,
        Witness.REQUEST,
    ),
    row(
        "transfer.authentication",
        "401 and 407 are answered at once with the rule's credentials, as Basic or Digest "
        "asks for them, at most twice.",
        "Administration Guide, Provisioning: HTTP status codes; RFC 7616, RFC 7617",
        "the credentials, and how often they are shown",
        Witness.TRANSFER,
    ),
    row(
        "dns.addresses",
        "The addresses of a host are tried one after another until one answers.",
        "Administration Guide, Phone Security: DNS",
        "the address of the request",
        Witness.DNS,
        Witness.REQUEST,
    ),
    row(
        "dns.ttl",
        "What DNS has told is used no longer than its TTL.",
        "RFC 1035 section 3.2.1",
        "the next question for the name",
        Witness.DNS,
        Witness.TIMING,
    ),
    row(
        "dns.truncation",
        "A truncated answer is asked for again over TCP.",
        "RFC 1035 section 4.2.1; RFC 7766 section 5",
        "the question over TCP",
        Witness.DNS,
    ),
    row(
        "dns.failure",
        "A resync fails if its server has no address; what does not answer the question is "
        "no answer.",
        sources.PROFILE + "Resync Error Retry Delay; RFC 5452 section 9.1",
        "a retry, and no request to any address",
        Witness.DNS,
        Witness.TIMING,
    ),
)
"""Options of rules that name or convince a server, and how it is found."""
