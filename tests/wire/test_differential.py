"""The codecs against others' codecs: scapy's BOOTP, DHCP and TFTP layers, and tftpy's packets."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.tftp import TFTP
from tftpy.TftpPacketFactory import TftpPacketFactory
from tftpy.TftpPacketTypes import (
    TftpPacketACK,
    TftpPacketDAT,
    TftpPacketERR,
    TftpPacketOACK,
    TftpPacketRRQ,
    TftpPacketWRQ,
)

from hil.wire import dhcp, tftp
from hil.wire import dhcp_options as opt

addresses = st.integers(0, 2**32 - 1).map(IPv4Address)
names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
lists = st.lists(addresses, min_size=1, max_size=4)
seconds = st.integers(0, 2**32 - 1)

typed = st.one_of(
    addresses.map(opt.SUBNET_MASK.pack),
    lists.map(opt.ROUTER.pack),
    lists.map(opt.DOMAIN_SERVER.pack),
    names.map(opt.DOMAIN_NAME.pack),
    lists.map(opt.NTP_SERVERS.pack),
    st.integers(576, 65535).map(opt.MAXIMUM_SIZE.pack),
    seconds.map(opt.LEASE_TIME.pack),
    seconds.map(opt.RENEWAL_TIME.pack),
    addresses.map(opt.SERVER_ID.pack),
    st.lists(st.integers(1, 254), min_size=1, max_size=9).map(opt.PARAMETER_LIST.pack),
    names.map(opt.VENDOR_CLASS.pack),
    names.map(opt.TFTP_SERVER_NAME.pack),
    st.tuples(st.sampled_from([150, 159, 160, 222]), st.binary(min_size=1, max_size=40)),
)
messages = st.builds(
    dhcp.Message,
    op=st.sampled_from(dhcp.Op),
    xid=st.integers(0, 2**32 - 1),
    chaddr=st.binary(min_size=6, max_size=6),
    hops=st.integers(0, 255),
    secs=st.integers(0, 65535),
    flags=st.sampled_from([0, 0x8000]),
    ciaddr=addresses,
    yiaddr=addresses,
    siaddr=addresses,
    giaddr=addresses,
    sname=names.map(str.encode),
    file=names.map(str.encode),
    options=st.tuples(st.sampled_from(dhcp.MessageType).map(opt.MESSAGE_TYPE.pack)).flatmap(
        lambda first: st.lists(typed, max_size=8).map(lambda rest: (*first, *rest))
    ),
)


@given(messages)
@settings(deadline=None, max_examples=60)
def test_scapy_reads_our_dhcp_header_and_writes_it_back(message: dhcp.Message) -> None:
    theirs = BOOTP(dhcp.encode(message))
    assert (theirs.op, theirs.htype, theirs.hlen, theirs.hops) == (message.op, 1, 6, message.hops)
    assert (theirs.xid, theirs.secs, int(theirs.flags)) == (
        message.xid,
        message.secs,
        message.flags,
    )
    read = [theirs.ciaddr, theirs.yiaddr, theirs.siaddr, theirs.giaddr]
    ours = [message.ciaddr, message.yiaddr, message.siaddr, message.giaddr]
    assert read == [str(address) for address in ours]
    assert bytes(theirs.chaddr)[:6] == message.chaddr
    assert theirs.sname.rstrip(b"\0") == message.sname
    assert theirs.file.rstrip(b"\0") == message.file
    theirs.clear_cache()
    assert dhcp.decode(bytes(theirs)) == message


@given(messages)
@settings(deadline=None, max_examples=60)
def test_we_read_the_options_that_scapy_writes(message: dhcp.Message) -> None:
    written = BOOTP(op=message.op, xid=message.xid, chaddr=message.chaddr) / DHCP(
        options=[*message.options, "end"]
    )
    assert dhcp.decode(bytes(written)).options == message.options


def test_scapy_and_we_mean_the_same_by_each_option() -> None:
    a, b = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
    ours = (
        opt.MESSAGE_TYPE.pack(dhcp.MessageType.OFFER),
        opt.SUBNET_MASK.pack(IPv4Address("255.255.255.0")),
        opt.ROUTER.pack([a, b]),
        opt.DOMAIN_SERVER.pack([b]),
        opt.HOST_NAME.pack("phone"),
        opt.DOMAIN_NAME.pack("lab.example"),
        opt.NTP_SERVERS.pack([a]),
        opt.REQUESTED_ADDRESS.pack(a),
        opt.LEASE_TIME.pack(3600),
        opt.SERVER_ID.pack(b),
        opt.PARAMETER_LIST.pack([1, 3, 66]),
        opt.ERROR_TEXT.pack("no"),
        opt.MAXIMUM_SIZE.pack(1500),
        opt.RENEWAL_TIME.pack(1800),
        opt.REBINDING_TIME.pack(3150),
        opt.VENDOR_CLASS.pack("CP-7832-3PCC"),
        opt.TFTP_SERVER_NAME.pack("192.0.2.1"),
        opt.BOOTFILE_NAME.pack("a.xml"),
    )
    message = dhcp.Message(op=2, xid=1, chaddr=bytes(6), options=ours)
    theirs = BOOTP(dhcp.encode(message))[DHCP].options
    assert theirs[: len(ours)] == [
        ("message-type", 2),
        ("subnet_mask", "255.255.255.0"),
        ("router", "192.0.2.1", "192.0.2.2"),
        ("name_server", "192.0.2.2"),
        ("hostname", b"phone"),
        ("domain", b"lab.example"),
        ("NTP_server", "192.0.2.1"),
        ("requested_addr", "192.0.2.1"),
        ("lease_time", 3600),
        ("server_id", "192.0.2.2"),
        ("param_req_list", [1, 3, 66]),
        ("error_message", b"no"),
        ("max_dhcp_size", 1500),
        ("renewal_time", 1800),
        ("rebinding_time", 3150),
        ("vendor_class_id", b"CP-7832-3PCC"),
        ("tftp_server_name", b"192.0.2.1"),
        ("boot-file-name", b"a.xml"),
    ]


options = st.dictionaries(
    st.sampled_from(["blksize", "tsize", "timeout", "windowsize"]),
    st.integers(0, 65535).map(str),
    min_size=1,
    max_size=3,
).map(lambda pairs: tuple(pairs.items()))
packets: st.SearchStrategy[tftp.Packet] = st.one_of(
    st.builds(tftp.Request, names, st.sampled_from(tftp.Mode), options, st.booleans()),
    st.builds(tftp.Data, st.integers(0, 65535), st.binary(min_size=1, max_size=600)),
    st.builds(tftp.Ack, st.integers(0, 65535)),
    st.builds(tftp.OptionAck, options),
    st.builds(tftp.Error, st.integers(1, 8), names),
)


def text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def from_tftpy(packet: Any) -> tftp.Packet:
    match packet:
        case TftpPacketRRQ() | TftpPacketWRQ():
            pairs = tuple((text(name), text(value)) for name, value in packet.options.items())
            mode = tftp.Mode(text(packet.mode))
            write = isinstance(packet, TftpPacketWRQ)
            return tftp.Request(text(packet.filename), mode, pairs, write)
        case TftpPacketDAT():
            return tftp.Data(packet.blocknumber, packet.data)
        case TftpPacketACK():
            return tftp.Ack(packet.blocknumber)
        case TftpPacketERR():
            return tftp.Error(packet.errorcode, text(packet.errmsg))
        case TftpPacketOACK():
            pairs = tuple((text(name), text(value)) for name, value in packet.options.items())
            return tftp.OptionAck(pairs)
    raise TypeError(packet)


def to_tftpy(packet: tftp.Packet) -> Any:
    theirs: Any
    match packet:
        case tftp.Request(filename, mode, pairs, write):
            theirs = TftpPacketWRQ() if write else TftpPacketRRQ()
            theirs.filename, theirs.mode, theirs.options = filename, str(mode), dict(pairs)
        case tftp.Data(block, payload):
            theirs = TftpPacketDAT()
            theirs.blocknumber, theirs.data = block, payload
        case tftp.Ack(block):
            theirs = TftpPacketACK()
            theirs.blocknumber = block
        case tftp.OptionAck(pairs):
            theirs = TftpPacketOACK()
            theirs.options = dict(pairs)
        case tftp.Error(code, _):
            theirs = TftpPacketERR()
            theirs.errorcode = code
    return theirs


@given(packets)
@settings(deadline=None, max_examples=150)
def test_tftpy_reads_our_packets_as_we_meant_them(packet: tftp.Packet) -> None:
    assert from_tftpy(TftpPacketFactory().parse(tftp.encode(packet))) == packet


@given(packets)
@settings(deadline=None, max_examples=150)
def test_we_read_tftpys_packets_as_it_meant_them(packet: tftp.Packet) -> None:
    assume(not isinstance(packet, tftp.Request) or packet.mode is tftp.Mode.OCTET)
    theirs = tftp.decode(to_tftpy(packet).encode().buffer)
    if isinstance(packet, tftp.Error):
        assert isinstance(theirs, tftp.Error)
        assert theirs.code == packet.code
    else:
        assert theirs == packet


@given(packets)
@settings(deadline=None, max_examples=60)
def test_scapy_reads_our_tftp_packets_and_writes_them_back(packet: tftp.Packet) -> None:
    theirs = TFTP(tftp.encode(packet))
    theirs.clear_cache()
    assert tftp.decode(bytes(theirs)) == packet


@pytest.mark.parametrize("mode", ["octet", "netascii"])
def test_scapy_names_the_fields_of_a_request_alike(mode: str) -> None:
    request = tftp.Request("/a.xml", tftp.Mode(mode), (("tsize", "0"),))
    theirs = TFTP(tftp.encode(request))
    assert theirs.op == 1
    assert (theirs.filename, theirs.mode) == (b"/a.xml", mode.encode())
    assert [(pair.oname, pair.value) for pair in theirs.options] == [(b"tsize", b"0")]
