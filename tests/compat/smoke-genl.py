#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Talks generic netlink to the smoke module: what is wrong must be refused, with a sentence."""

import os
import socket
import struct
import sys

NETLINK_GENERIC, SOL_NETLINK, NETLINK_EXT_ACK, NETLINK_CAP_ACK = 16, 270, 11, 10
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP, NLMSG_ERROR, NLMSG_DONE = 1, 4, 0x300, 2, 3
NLM_F_ACK_TLVS, NLM_F_CAPPED, NLA_F_NESTED = 0x200, 0x100, 0x8000
NUMBER, NAME, LIST, UNKNOWN = 1, 2, 3, 9
ECHO, DUMP = 1, 2
EPERM, EINVAL, ERANGE = 1, 22, 34

sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
sock.settimeout(10)
sock.bind((0, 0))
try:
    sock.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
    sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
    EXTACK = True
except OSError:
    EXTACK = False
OLD = tuple(int(part) for part in os.uname().release.split(".")[:2]) < (5, 2)
failures = 0


def attr(kind, payload):
    data = struct.pack("HH", 4 + len(payload), kind) + payload
    return data + b"\0" * (-len(data) % 4)


def parse(data):
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("HH", data)
        found[kind] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


def ask(family, cmd, attrs=b"", flags=0):
    """Returns (error, sentence, [attributes of each answer])."""
    body = struct.pack("BBH", cmd, 1, 0) + attrs
    wanted = NLM_F_REQUEST | (flags or NLM_F_ACK)
    sock.send(struct.pack("IHHII", 16 + len(body), family, wanted, 1, 0) + body)
    answers = []
    while True:
        data = sock.recv(65536)
        while data:
            length, kind, flags_in, _, _ = struct.unpack_from("IHHII", data)
            message, data = data[16:length], data[(length + 3) & ~3:]
            if kind in (NLMSG_ERROR, NLMSG_DONE):
                error, = struct.unpack_from("i", message)
                sentence = None
                if flags_in & NLM_F_ACK_TLVS:
                    skip = 4 if kind == NLMSG_DONE else 20
                    if kind == NLMSG_ERROR and not flags_in & NLM_F_CAPPED:
                        skip = 4 + struct.unpack_from("I", message, 4)[0]
                    sentence = parse(message[skip:]).get(1, b"").rstrip(b"\0").decode()
                return -error if error < 0 else 0, sentence, answers
            answers.append(parse(message[4:]))


def expect(what, got, wanted):
    global failures
    if got != wanted:
        print(f"{what}: expected {wanted}, got {got}")
        failures += 1


def refused(what, attrs, error, sentence=None, cmd=ECHO, flags=0):
    got_error, got_sentence, answers = ask(FAMILY, cmd, attrs, flags)
    # Before 5.2 the kernel refuses some lengths before the module can, with another error.
    if not (OLD and got_error == ERANGE):
        expect(what, got_error, error)
    expect(what + ", answers", answers, [])
    if EXTACK and not got_sentence and flags == 0:
        expect(what + ", sentence", got_sentence, "any")
    if EXTACK and sentence and flags == 0:
        expect(what + ", sentence", got_sentence, sentence)


error, _, answers = ask(GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
                        attr(CTRL_ATTR_FAMILY_NAME, b"ktally_smoke\0"))
if error:
    sys.exit(f"no family ktally_smoke: {os.strerror(error)}")
FAMILY, = struct.unpack("H", answers[0][CTRL_ATTR_FAMILY_ID])

seven = attr(NUMBER, struct.pack("Q", 7))
error, _, answers = ask(FAMILY, ECHO, seven + attr(NAME, b"abc\0"))
expect("echo", error, 0)
expect("echo, number", struct.unpack("Q", answers[0][NUMBER])[0], 8)
expect("echo, name", answers[0][NAME], b"abc\0")
expect("echo, nested flag", parse(answers[0][LIST | NLA_F_NESTED])[1], struct.pack("I", 7))

error, _, answers = ask(FAMILY, ECHO, seven +
                        attr(LIST | NLA_F_NESTED, attr(1, struct.pack("I", 5))))
expect("a list", error, 0)

refused("unknown attribute", seven + attr(UNKNOWN, b"1234"), EINVAL)
refused("short number", attr(NUMBER, b"1234"), EINVAL)
refused("long number", attr(NUMBER, b"123456781234"), EINVAL)
refused("unterminated name", seven + attr(NAME, b"abcdefg"), EINVAL)
refused("long name", seven + attr(NAME, b"abcdefgh\0"), EINVAL)
refused("number twice", seven + seven, EINVAL, "attribute is given twice")
refused("unknown in a list", seven + attr(LIST | NLA_F_NESTED, attr(2, b"1234")), EINVAL)
refused("short in a list", seven + attr(LIST | NLA_F_NESTED, attr(1, b"12")), EINVAL)
refused("no number", attr(NAME, b"abc\0"), EINVAL, "needs a number")
refused("unknown in a dump", attr(UNKNOWN, b"1234"), EINVAL, cmd=DUMP, flags=NLM_F_DUMP)

error, _, answers = ask(FAMILY, DUMP, flags=NLM_F_DUMP)
expect("dump", (error, len(answers)), (0, 3))
error, _, answers = ask(FAMILY, DUMP, attr(NUMBER, struct.pack("Q", 997)), NLM_F_DUMP)
expect("long dump", [struct.unpack("Q", each[NUMBER])[0] for each in answers], list(range(997)))
error, _, answers = ask(FAMILY, DUMP, attr(NUMBER, struct.pack("Q", 2000)), NLM_F_DUMP)
expect("refused dump", error, ERANGE)

os.setuid(65534)
sock.close()
sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
sock.settimeout(10)
sock.bind((0, 0))
expect("nobody's echo", ask(FAMILY, ECHO, seven)[0], EPERM)
sys.exit(1 if failures else 0)
