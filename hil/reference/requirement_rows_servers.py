"""The clauses of servers: how one is found and convinced, and how a file is transferred.

Rows of `hil.reference.requirements`: id, our words, source.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources

DHCP = (
    (
        "dhcp.option_to_use",
        "The provisioning server is taken from the DHCP options "
        "of DHCP_Option_To_Use, in the order in which they are listed.",
        sources.PROFILE + "DHCP Option To Use",
    ),
    (
        "dhcp.vendor_options",
        "DHCP options 43 and 125 name the server by the text of one of their sub-options; "
        "of 125 only Cisco's block counts.",
        sources.PROFILE + "DHCP Option To Use; RFC 2132 section 8.4; RFC 3925 section 4",
    ),
    (
        "dhcp.option_overload",
        "DHCP options are read in the file and sname fields "
        "where option 52 says that they are there.",
        "RFC 2132 section 9.3",
    ),
    (
        "dhcp.long_options",
        "The parts of a DHCP option that occurs several times in a message are one value.",
        "RFC 3396 section 7",
    ),
    (
        "dhcp.renewal",
        "At T1 the phone asks the server of its lease to extend it; "
        "the options of the newest acknowledgement count, and a refusal ends the lease.",
        "RFC 2131 section 4.4.5",
    ),
    (
        "dhcp.rebinding",
        "At T2 the phone asks all servers to extend its lease; "
        "when the lease has ended it begins anew.",
        "RFC 2131 section 4.4.5",
    ),
)
"""What the phone learns from DHCP."""

TRANSFERS = (
    (
        "transfer.redirect",
        "301 and 302 are followed at once.",
        "Administration Guide, Provisioning: HTTP status codes",
    ),
    (
        "transfer.http",
        "Profiles are fetched with complete, well-formed HTTP requests; "
        "an answer that is cut short or not 200 is no profile.",
        "Administration Guide, Provisioning: HTTP status codes",
    ),
    (
        "transfer.tftp",
        "Profiles are fetched by TFTP read requests; "
        "a transfer that ends in an error is no profile.",
        "RFC 1350; " + sources.UPGRADE + "Upgrade Rule",
    ),
    (
        "transfer.https",
        "Over HTTPS the server's certificate must be valid, trusted and for the host of the URL.",
        "Administration Guide, Phone Security",
    ),
    (
        "transfer.client_certificate",
        "The phone shows its client certificate to a server that asks for one.",
        "Administration Guide, Phone Security",
    ),
)
"""How a file is fetched."""

SERVERS = (
    (
        "rules.credentials",
        "The arguments of --uid and --pwd may stand in quotes and may have characters in octal.",
        sources.FORMATS + ", Profile Rule; 7800 Administration Guide, Upgrade Rule",
    ),
    (
        "rules.post",
        "With --post x the request is a POST, whose body is GPP_x with its macros expanded.",
        sources.FORMATS + ", Profile Rule; SPA Provisioning Guide, post",
    ),
    (
        "rules.alias",
        "With --alias x the alias map in GPP_x gives elements of any XML the names of parameters, "
        "by the right-most part of their path.",
        sources.FORMATS + ", Profile Rule; SPA Provisioning Guide, alias",
    ),
    (
        "rules.srv",
        "With --srv the host's SRV records say which host and port are asked, "
        "the lowest priority first; TFTP has none.",
        "Administration Guide, Provisioning: DNS SRV for HTTP; RFC 2782",
    ),
    (
        "transfer.authentication",
        "401 and 407 are answered at once with the rule's credentials, "
        "as Basic or Digest asks for them, at most twice.",
        "Administration Guide, Provisioning: HTTP status codes; RFC 7616, RFC 7617",
    ),
    (
        "dns.addresses",
        "The addresses of a host are tried one after another until one answers.",
        "Administration Guide, Phone Security: DNS",
    ),
    (
        "dns.ttl",
        "What DNS has told is used no longer than its TTL.",
        "RFC 1035 section 3.2.1",
    ),
    (
        "dns.truncation",
        "A truncated answer is asked for again over TCP.",
        "RFC 1035 section 4.2.1; RFC 7766 section 5",
    ),
    (
        "dns.failure",
        "A resync fails if its server has no address; "
        "what does not answer the question is no answer.",
        sources.PROFILE + "Resync Error Retry Delay; RFC 5452 section 9.1",
    ),
)
"""Options of rules that name or convince a server, and how it is found."""
