#!/usr/bin/env python3
"""Clients that send commands as fast as they can, many in one piece: others are answered in between."""

import contextlib
import os
import selectors
import socket
import threading
import time
import unittest

from support import BIN, HOST, Installation, LoggedTest, address, message, password, wait_until

SANITIZED = b"__asan_init" in (BIN / "imapd").read_bytes()

CONNECTIONS = 60
PIECE = 65_536
FLOOD_S = 2
NOTICED_S = 15 if SANITIZED else 1  # hundreds of times what it takes; without turns it is half a minute
REST_S = 15 if SANITIZED else 3

ENVELOPE = b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<bob@example.org>\r\n"
LOGIN = f"l LOGIN {address('bob')} {password('bob')}\r\n".encode()

FLOODS = {
    "NOOP in a transaction": ("smtp", ENVELOPE, b"NOOP\r\n"),
    "MAIL and RSET": ("smtp", b"EHLO x\r\n", b"MAIL FROM:<a@example.com>\r\nRSET\r\n"),
    "BDAT 0": ("smtp", ENVELOPE, b"BDAT 0\r\n"),
    "NOOP": ("imap", LOGIN, b"a NOOP\r\n"),
}


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rests(pid):
    before = cpu_s(pid)
    time.sleep(0.2)  # without anybody to work for
    return cpu_s(pid) - before < 0.03


class Flood(threading.Thread):
    """Each connection is full all the time, and its answers are read."""

    def __init__(self, mail, port, first, command):
        super().__init__()
        self.open = contextlib.ExitStack()
        self.clients = [
            self.open.enter_context(socket.create_connection((HOST, mail.port(port)), source_address=(f"127.2.{i}.1", 0)))
            for i in range(CONNECTIONS)
        ]
        for client in self.clients:
            client.sendall(first)
            client.recv(PIECE)
            client.setblocking(False)
        self.piece = command * (PIECE // len(command))
        self.ends = threading.Event()
        self.sent = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.join()
        self.open.close()

    def run(self):
        rest = dict.fromkeys(self.clients, b"")
        with selectors.DefaultSelector() as ready:
            for client in self.clients:
                ready.register(client, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while not self.ends.is_set():
                for key, events in ready.select(0.1):
                    client = key.fileobj
                    with contextlib.suppress(OSError):
                        if events & selectors.EVENT_READ and not client.recv(1 << 20):
                            ready.unregister(client)
                            continue
                        if events & selectors.EVENT_WRITE:
                            octets = rest[client] or self.piece
                            count = client.send(octets)
                            rest[client] = octets[count:]
                            self.sent += count


class Floods(LoggedTest):
    def setUp(self):
        settings = {"auth.allow_plaintext": True, "imap.connections_per_user_max": 2 * CONNECTIONS}
        self.mail = self.enterContext(Installation(settings=settings))
        self.mail.start()

    def test_others_are_answered_in_between(self):
        imap = self.mail.imap("alice", implicit=True)
        smtp = self.enterContext(self.mail.smtp())
        for name, (port, first, command) in FLOODS.items():
            with self.subTest(name), Flood(self.mail, port, first, command) as flood:
                longest = 0
                end = time.monotonic() + FLOOD_S
                while time.monotonic() < end:
                    begun = time.monotonic()
                    if port == "imap":
                        imap.noop()
                    else:
                        smtp.sendmail("a@example.com", [address("alice")], message())
                    longest = max(longest, time.monotonic() - begun)
                    time.sleep(0.02)  # as a client that has something to do itself
                self.assertGreater(flood.sent, CONNECTIONS * PIECE)
                self.assertLess(longest, NOTICED_S)
            pid = self.mail.child("imapd" if port == "imap" else "smtpd")
            wait_until(lambda: rests(pid), f"nothing is done for clients that are gone: {name}", seconds=REST_S)
        imap.logout()


if __name__ == "__main__":
    unittest.main()
