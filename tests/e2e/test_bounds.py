#!/usr/bin/env python3
"""How much may a client ask for, and what do the others notice of it?"""

import concurrent.futures
import os
import re
import signal
import sys
import threading
import time
import unittest

from support import BIN, Dialogue, MailTest, must, password, wait_until

LONG = os.environ.get("POSTHASTE_LONG") == "1"
MESSAGES = int(os.environ.get("POSTHASTE_MESSAGES", 1_000_000 if LONG else 40_000))
MAILBOXES = 10_000 if LONG else 1_000
ANSWER_S = 120  # for one command over all messages
UNNOTICED_S = 0.5  # for others meanwhile: more than the 10 ms of a turn, for the machine may be busy with other things
READERS = tuple(f"reader{number}" for number in range(10))  # of POP3: each has one session
SANITIZED = b"__asan_init" in (BIN / "imapd").read_bytes()


def small(number):
    return (
        f"From: Person {number % 97} <p{number % 97}@example.com>\r\nSubject: Topic {number % 503}\r\n"
        f"Message-ID: <{number}@example.com>\r\nReferences: <{number - number % 7}@example.com>\r\n"
        f"Date: Mon, {1 + number % 28} Jan 2024 10:{number % 60:02}:00 +0000\r\n\r\nNumber {number}.\r\n"
    ).encode()


class Client(Dialogue):
    """Logged in, nothing selected."""

    def __init__(self, mail, user, port="imap"):
        tls = mail.tls() if port == "imaps" else None
        super().__init__(mail.port(port), tls, timeout=ANSWER_S, hostname=mail.hostname)
        self.line()
        self.count = 0
        self.ask_for(f"LOGIN {mail.address(user)} {password(user)}")

    def ask_for(self, command, pattern="OK"):
        """Sends a command and passes over its answer; how many octets that was. The tagged line must match."""
        self.count += 1
        tag = f"t{self.count}"
        self.send(f"{tag} {command}")
        return self.pass_over(tag, pattern)

    def pass_over(self, tag, pattern="OK"):
        octets, end, tagged = 0, b"\n", None
        while tagged is None or not end.endswith(b"\r\n"):
            more = self.socket.recv(1 << 20)
            if not more:
                raise AssertionError(f"expected {tag} {pattern}, the connection ended after {end[-200:]!r}")
            octets += len(more)
            end += more
            found = end.find(b"\n" + tag.encode() + b" ")
            if tagged is None and found >= 0:
                tagged = end[found + 1 : found + 200]
            end = end[-200:]
        if not re.match(f"{tag} {pattern}".encode(), tagged):
            raise AssertionError(f"expected {tag} {pattern}, heard {tagged!r}")
        return octets

    def append(self, mailbox, *messages):
        literals = b"".join(b" {%d+}\r\n%s" % (len(octets), octets) for octets in messages)
        self.send(b"a APPEND " + mailbox.encode() + literals + b"\r\n")
        self.pass_over("a")

    def fill(self, mailbox, total):
        for first in range(0, total, 1000):
            self.append(mailbox, *map(small, range(first, min(first + 1000, total))))


class Others(threading.Thread):
    """Somebody on each worker who says NOOP again and again, and somebody who delivers; the longest they wait."""

    def __init__(self, mail):
        super().__init__()
        self.clients = [Client(mail, "bob") for _ in range(6)]
        self.lmtp = mail.lmtp()
        self.recipient = mail.address("bob")
        self.ends = threading.Event()
        self.longest_s = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.join()
        self.lmtp.close()
        for client in self.clients:
            client.close()

    def run(self):
        while not self.ends.wait(0.001):
            begun = time.monotonic()
            for client in self.clients:
                client.ask_for("NOOP")
            self.lmtp.sendmail("", [self.recipient], b"Subject: hello\r\n\r\nhello\r\n")
            self.longest_s = max(self.longest_s, time.monotonic() - begun)


def memory_octets(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read())[1]) * 1024


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Bounds(MailTest):
    users = ("alice", "bob", "carol", "dave", "erin", *READERS)
    settings = {
        "auth.allow_plaintext": True,
        "imap.connections_per_user_max": 200,
        "smtp.message_max_octets": 104_857_600,
        "store.mailboxes_per_user_max": 20_000,
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with Client(cls.mail, "alice") as client:
            client.fill("INBOX", MESSAGES)

    def client(self, user="alice", port="imap"):
        client = Client(self.mail, user, port)
        self.addCleanup(client.close)
        return client

    def test_long_commands_are_answered_and_nobody_waits_for_them(self):
        client = self.client()
        client.ask_for("CREATE Copies")
        commands = [
            "SELECT INBOX",
            "FETCH 1:* (FLAGS)",
            "FETCH 1:* ENVELOPE",
            "SEARCH ALL",
            "UID SEARCH RETURN (ALL COUNT) SUBJECT 77",
            "SORT (SUBJECT) UTF-8 ALL",
            "THREAD REFERENCES UTF-8 ALL",
            "STORE 1:* +FLAGS.SILENT (\\Seen)",
            "STORE 1:* +FLAGS (\\Flagged)",
            "UID MOVE 1:* Copies",
            "SELECT Copies",
            "ENABLE QRESYNC",
            "UID STORE 1:* +FLAGS.SILENT (\\Deleted)",
            "EXPUNGE",
        ]
        with Others(self.mail) as others:
            for command in commands:
                client.ask_for(command)
                self.assertTrue(others.is_alive(), command)
            self.assertLess(others.longest_s, UNNOTICED_S * (10 if SANITIZED else 1))
        client.fill("INBOX", MESSAGES)  # for the other tests

    def test_copies_and_deletions_of_everything_are_in_nobodys_way(self):
        client = self.client()
        copies = MESSAGES  # each COPY is one command, answered when all of it is there
        client.ask_for("CREATE Whole")
        client.ask_for("SELECT INBOX")
        for commands in (["COPY 1:* Whole"], ["DELETE Whole", "STATUS INBOX (MESSAGES)"]):
            with Others(self.mail) as others:
                for command in commands:
                    client.ask_for(command)
                    if command.startswith("COPY"):
                        self.assertEqual(self.count("alice", "Whole"), copies)
                self.assertLess(others.longest_s, UNNOTICED_S * (10 if SANITIZED else 1), commands)
            print(f"{commands[0]} of {copies}: others waited {1000 * others.longest_s:.0f} ms at most", file=sys.stderr)
        client.ask_for("STATUS Whole (MESSAGES)", "NO")

    def count(self, user, mailbox):
        client = self.mail.imap(user)
        self.addCleanup(client.logout)
        return int(re.search(rb"MESSAGES (\d+)", must(client.status(mailbox, "(MESSAGES)"))[0])[1])

    def test_numbers_stay_right_when_a_change_is_made_in_parts(self):
        client = self.mail.imap("dave")
        raw = self.client("dave")
        total = 40_000  # more than two parts
        raw.fill("INBOX", total)
        must(client.select("INBOX"))
        must(client.uid("STORE", "1:*", "+FLAGS.SILENT", "(\\Seen)"))
        self.assertEqual(client.response("FETCH")[1], [None])
        self.assertEqual(must(client.search(None, "UNSEEN"))[0], b"")
        must(client.create("Half"))
        must(client._simple_command("MOVE", "20001:40000", "Half"))
        copied = [line for line in client.response("COPYUID")[1] if line]
        parts = [[b"20001:36384", b"1:16384"], [b"36385:40000", b"16385:20000"]]
        self.assertEqual([line.split()[1:] for line in copied], parts)
        self.assertEqual(must(client.search(None, "ALL"))[0].split()[-1], b"20000")
        must(client.store("1:19999", "+FLAGS.SILENT", "(\\Deleted)"))
        must(client.expunge())
        self.assertEqual(must(client.uid("SEARCH", "ALL"))[0], b"20000")
        must(client.select("Half"))
        self.assertEqual(len(must(client.search(None, "SEEN"))[0].split()), 20_000)
        client.logout()

    @unittest.skipIf(SANITIZED, "a sanitizer's memory is its own")
    def test_clients_that_stop_reading_hold_little(self):
        pid = self.mail.child("imapd")
        writer = self.client("carol")
        body = b"".join(b"%064d\r\n" % line for line in range(75_000))
        for number in range(10):
            writer.append("INBOX", b"Subject: large %d\r\n\r\n" % number + body)
        octets = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        parts = b"Content-Type: multipart/x; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 99_000 + b"--b--\r\n"
        writer.ask_for("CREATE Large")
        writer.append("Large", octets + body * 3, parts)
        for command, mailbox, user in [
            ("z FETCH 1:* BODY.PEEK[]", "INBOX", "carol"),
            ("z FETCH 1:* (BODY.PEEK[TEXT] BODY.PEEK[HEADER])", "INBOX", "carol"),
            ("z FETCH 1 BINARY.PEEK[1]", "Large", "carol"),
            ("z FETCH 2 BODYSTRUCTURE", "Large", "carol"),
            ("z FETCH 1:* (ENVELOPE BODYSTRUCTURE)", "INBOX", "alice"),
            ("z SEARCH ALL", "INBOX", "alice"),
            ("z FETCH 1:* FLAGS", "INBOX", "alice"),
        ]:
            self.assertLess(self.stalled_octets(pid, "imap", user, mailbox, command), 1_100_000, command)
        octets = self.stalled_octets(pid, "imaps", "carol", "INBOX", "z FETCH 1:* BODY.PEEK[]")
        self.assertLess(octets, 1_100_000, "with TLS")

    def stalled_octets(self, pid, port, user, mailbox, command):
        clients = [self.client(user, port) for _ in range(30)]
        for client in clients:
            client.ask_for(f"EXAMINE {mailbox}")
        self.stall(pid, clients[:10], command)  # what the process keeps for good after such work is not theirs
        octets = self.stall(pid, clients[10:], command)
        for client in clients:
            client.close()
        return octets

    @unittest.skipIf(SANITIZED, "memory that is given back stays with the sanitizer for a while")
    def test_appended_messages_are_held_once(self):
        megabyte = 1_048_576
        octets = 40 * megabyte  # of which a user's share of imapd's memory holds six
        message = b"Subject: large\r\n\r\n" + (b"x" * 76 + b"\r\n") * (octets // 78)
        message += b"x" * (octets - len(message))
        imapd, deliveryd = self.mail.child("imapd"), self.mail.child("deliveryd")
        clients = [self.client("erin") for _ in range(7)]
        at_rest = {pid: memory_octets(pid) for pid in (imapd, deliveryd)}
        os.kill(deliveryd, signal.SIGSTOP)
        self.addCleanup(os.kill, deliveryd, signal.SIGCONT)
        for client in clients[:6]:
            client.send(b"a APPEND INBOX {%d+}\r\n" % octets + message + b"\r\n")
        all_there = lambda: memory_octets(imapd) - at_rest[imapd] > 6 * octets
        wait_until(all_there, "imapd has all of them")
        clients[6].send(b"a APPEND INBOX {%d}\r\n" % octets)
        clients[6].pass_over("a", r"NO \[UNAVAILABLE\] Too many messages at once")
        kept = 64 * megabyte  # at most, by malloc, of what it was given back: pieces below 32 MB stay with the process
        settled = lambda: memory_octets(imapd) - at_rest[imapd] < 6 * octets + kept
        wait_until(settled, "imapd holds each of them once, also those on their way to deliveryd", seconds=10)
        os.kill(deliveryd, signal.SIGCONT)
        most = 0
        with concurrent.futures.ThreadPoolExecutor(6) as waiting:
            answers = [waiting.submit(client.pass_over, "a") for client in clients[:6]]
            while not all(answer.done() for answer in answers):
                most = max(most, memory_octets(deliveryd) - at_rest[deliveryd])
                time.sleep(0.01)  # between two looks
            for answer in answers:
                answer.result()
        self.assertLess(most, 9 * octets)

    def test_pop3_clients_that_stop_reading_hold_little(self):
        lines = b"%064d\r\n" * 75_000 % tuple(range(75_000))
        parts = b"Content-Type: multipart/x; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 400_000 + b"--b--\r\n"
        with self.mail.lmtp() as lmtp:
            for octets in (b"Subject: large\r\n\r\n" + lines, parts):
                for user in READERS:
                    lmtp.sendmail("", [self.mail.address(user)], octets)
        pid = self.mail.child("pop3d")
        clients = []
        for user in READERS:
            client = Dialogue(self.mail.port("pop3"))
            self.addCleanup(client.close)
            client.expect(r"\+OK")
            client.send(f"USER {self.mail.address(user)}")
            client.expect(r"\+OK")
            client.send(f"PASS {password(user)}")
            client.expect(r"\+OK 2 messages")
            clients.append(client)
        self.assertLess(self.stall(pid, clients[:5], "RETR 1"), 1_100_000)
        self.assertLess(self.stall(pid, clients[5:], "RETR 2"), 1_100_000)

    def stall(self, pid, clients, command):
        """None of the clients reads the answer; how many octets each of them holds at most."""
        before = memory_octets(pid)
        for client in clients:
            client.send(command)
        most = 0
        for _ in range(12):
            time.sleep(0.1)  # as long as they do not read
            most = max(most, memory_octets(pid))
        return (most - before) / len(clients)

    def test_work_ends_when_the_client_goes(self):
        pid = self.mail.child("imapd")
        texts = " ".join(f"NOT TEXT nobody{number}" for number in range(60))
        for command in [f"SEARCH {texts}", "FETCH 1:* (BODY.PEEK[])"]:
            client = self.client()
            client.ask_for("EXAMINE INBOX")
            begun = time.monotonic()
            client.ask_for(command)
            whole_s = time.monotonic() - begun
            for _ in range(5):
                client.send(f"z {command}")
            time.sleep(0.05)  # it is under way
            client.reset()

            def rests():
                before = cpu_s(pid)
                time.sleep(0.2)  # without anybody to work for
                return cpu_s(pid) - before < 0.03

            begun = time.monotonic()
            wait_until(rests, f"imapd rests after {command}", seconds=5 + whole_s)
            self.assertLess(time.monotonic() - begun, max(1, 0.5 + whole_s / 2), f"of {whole_s:.2f} s: {command}")

    def test_many_mailboxes(self):
        client = self.client("carol")
        for first in range(0, MAILBOXES, 200):
            client.send(b"".join(b"c%d CREATE many/m%05d\r\n" % (i, i) for i in range(first, first + 200)))
            client.pass_over(f"c{first + 199}")
        with Others(self.mail) as others:
            for command in [
                'LIST "" "*"',
                'LIST "" "*" RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))',
                'LSUB "" "*"',
                "RENAME many lots",
                'LIST "" "lots/%"',
                "DELETE lots",
            ]:
                client.ask_for(command)
            self.assertLess(others.longest_s, UNNOTICED_S * (10 if SANITIZED else 1))

    def test_extreme_messages(self):
        deep = b"Content-Type: multipart/x; boundary=0\r\n\r\n" + b"".join(
            b"--%d\r\nContent-Type: multipart/x; boundary=%d\r\n\r\n" % (i, i + 1) for i in range(999)
        )
        parts = b"Content-Type: multipart/x; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 99_999 + b"--b--\r\n"
        header = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 900) for i in range(11_000)) + b"\r\nbody\r\n"
        line = b"Subject: line\r\n\r\n" + b"z" * 10_000_000 + b"\r\n"
        client = self.client("carol")
        client.ask_for("CREATE Extreme")
        with Others(self.mail) as others:
            for octets in [deep, parts, header, line]:
                client.append("Extreme", octets)
            client.ask_for("SELECT Extreme")
            for number in range(1, 5):
                for item in ["BODYSTRUCTURE", "BODY", "ENVELOPE", "PREVIEW", "BINARY.SIZE[1]", "BODY.PEEK[HEADER]"]:
                    client.ask_for(f"FETCH {number} {item}")
            client.ask_for("SEARCH TEXT nowhere")
            client.ask_for(f"FETCH 1 BODY.PEEK[{'.'.join('1' * 900)}.MIME]")
            client.ask_for("FETCH 2 BODY.PEEK[99999]")
            self.assertLess(others.longest_s, UNNOTICED_S * (10 if SANITIZED else 1))

    def test_large_search_programs(self):
        client = self.client()
        client.ask_for("EXAMINE INBOX")
        numbers = ",".join(map(str, range(1, 36_000, 2)))
        for program, pattern in [
            (numbers[:99_000].rpartition(",")[0], "OK"),
            ("UID " + numbers[:99_000].rpartition(",")[0], "OK"),
            ("NOT " * 60 + "SEEN", "OK"),
            ("NOT " * 1000 + "SEEN", "BAD"),
            ("(" * 1000 + "SEEN" + ")" * 1000, "BAD"),
            ("OR SEEN " * 10_000 + "SEEN", "BAD"),
            (" ".join(["NOT SEEN"] * 4_000), "OK"),
            (" ".join(f"SUBJECT t{i}" for i in range(64)), "OK"),
            (" ".join(f"SUBJECT t{i}" for i in range(65)), r"NO \[LIMIT\]"),
        ]:
            client.ask_for("SEARCH " + program, pattern)


if __name__ == "__main__":
    unittest.main()
