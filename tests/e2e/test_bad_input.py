"""What nobody should say: each daemon answers in the RFC's words and goes on as the same process."""

import base64
import os
import random
import socket
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import Dialogue, address, message, password

MESSAGE_MAX_OCTETS = 65_536
TLS_RECORD = b"\x16\x03\x01\xff\xff"  # of a handshake, longer than RFC 8446 §5.1 allows
SEED = int(os.environ.get("POSTHASTE_SEED", "20240217"))


class BadInput(support.MailTest):
    settings = {
        "smtp.message_max_octets": MESSAGE_MAX_OCTETS,
        "auth.failure_delay_ms": 10,
        "auth.failure_delay_max_ms": 50,
    }

    def setUp(self):
        self.before = self.mail.children()

    def tearDown(self):
        self.assertEqual(self.mail.children(), self.before, "a daemon's child was replaced")
        for port, greeting in GREETINGS.items():
            with self.mail.dialogue(port) as s:
                s.expect(greeting)

    def smtp(self, port="smtp"):
        """Greeted, ready for MAIL; on the submission ports logged in under TLS."""
        s = self.mail.dialogue(port)
        self.addCleanup(s.close)
        s.reply("220")
        s.ask(("LHLO" if port == "lmtp" else "EHLO") + " client.example.com", "250")
        if port == "submission":
            s.ask("STARTTLS", "220")
            s.starttls(self.mail.tls())
            s.ask("EHLO client.example.com", "250")
        if port in ("submission", "submissions"):
            s.ask("AUTH PLAIN " + sasl_plain(address("alice"), password("alice")), "235")
        return s

    def smtp_data(self, port="smtp", subject="Never seen"):
        """A transaction in which the message's text is awaited; its sender is one that every port takes."""
        s = self.smtp(port)
        s.ask(f"MAIL FROM:<{address('alice')}>", "250")
        s.ask(f"RCPT TO:<{address('bob')}>", "250")
        s.ask("DATA", "354")
        s.send(f"From: <{address('alice')}>")
        s.send(f"Subject: {subject}")
        s.send("")
        return s

    def imap(self, user="alice"):
        s = self.mail.dialogue("imaps")
        self.addCleanup(s.close)
        s.expect(r"\* OK")
        if user:
            s.send(f"login LOGIN {address(user)} {password(user)}")
            s.tagged("login")
        return s

    def pop3(self, user="alice"):
        s = self.mail.dialogue("pop3s")
        self.addCleanup(s.close)
        s.expect(r"\+OK")
        if user:
            s.send(f"USER {address(user)}")
            s.expect(r"\+OK")
            s.send(f"PASS {password(user)}")
            s.expect(r"\+OK")
        return s

    def assert_nothing_arrived(self, *parts, user="bob"):
        for stored in self.mail.messages(user).values():
            for part in parts:
                self.assertNotIn(part, stored)

    # SMTP, submission, LMTP

    def test_smtp_a_line_too_long(self):
        for port in SMTP_PORTS:
            for line in ("NOOP " + "x" * 20_000, "MAIL FROM:<" + "a" * 5_000 + "@example.org>", "x" * 100_000):
                with self.subTest(port, line=line[:12]):
                    s = self.smtp(port)
                    s.ask(line, r"50\d 5\.")  # RFC 5321 §4.5.3.1.9

    def test_smtp_a_command_with_a_bare_line_ending_is_the_last_one(self):
        for port in SMTP_PORTS:
            for ending in (b"\n", b"\r", b"\rQ\r\n", b"\nNOOP\r\n"):
                with self.subTest(port, ending=ending):
                    s = self.smtp(port)
                    s.send(b"NOOP" + ending)
                    if not ending.endswith(b"\n"):
                        s.send("")  # a CR may be half of a CRLF until the next octet comes
                    heard = s.expect_end()
                    self.assertEqual(len([line for line in heard if line[:1] != "2"]), 1, heard)
                    self.assertRegex(heard[-1], r"5\d\d[ ]5\.")

    def test_smtp_data_with_a_bare_line_ending_ends_the_session_and_delivers_nothing(self):
        """The ways by which a second message has been smuggled into the text of a first one."""
        second = b"MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: Smuggled\r\n\r\n.\r\n"
        for port in SMTP_PORTS:
            for end in ENDS_OF_SMUGGLERS:
                with self.subTest(port, end=end):
                    s = self.smtp_data(port, "Smuggler")
                    s.send(b"Text" + end + second)
                    heard = s.expect_end()
                    self.assertRegex(" ".join(heard), r"^5\d\d ")
                    self.assertFalse([line for line in heard if line.startswith("250")], heard)
        self.assert_nothing_arrived(b"Subject: Smuggle")

    def test_smtp_unknown_commands_and_wrong_order(self):
        for port in SMTP_PORTS:
            with self.subTest(port):
                s = self.smtp(port)
                s.ask("HELLO", r"500 5\.5\.[12]")
                s.ask("", r"50\d 5\.")
                s.ask("XEXCH50 1 2", r"500 5\.5\.[12]")
                s.ask("MAIL", r"501 5\.")
                s.ask("MAIL FROM:alice", r"501 5\.")
                s.ask(f"RCPT TO:<{address('bob')}>", r"503 5\.5\.1")
                s.ask("DATA", r"503 5\.5\.1")
                s.ask("MAIL FROM:<> COLOUR=blue", r"555 5\.5\.4")
                s.ask(f"MAIL FROM:<{address('alice')}>", "250")
                s.ask(f"MAIL FROM:<{address('alice')}>", r"503 5\.5\.1")
                s.ask("DATA", r"(503|554) 5\.5\.1")
                s.ask("QUIT", "221")
                self.assertEqual(s.expect_end(), [])
        with self.mail.dialogue("lmtp") as s:
            s.reply("220")
            s.ask("EHLO client.example.com", "500")  # RFC 2033 §4.1
        with self.mail.dialogue("smtp") as s:
            s.reply("220")
            s.ask("LHLO client.example.com", "500")

    def test_smtp_messages_too_large(self):
        for port in SMTP_PORTS:
            with self.subTest(port):
                s = self.smtp(port)
                sender = f"MAIL FROM:<{address('alice')}>"
                s.ask(f"{sender} SIZE={MESSAGE_MAX_OCTETS + 1}", r"552 5\.3\.4")  # RFC 1870 §6.1
                s.ask(f"{sender} SIZE=99999999999999999999999", r"5\d\d 5\.")
                s.ask("RSET", "250")
                s = self.smtp_data(port, "Too large")
                s.send(b"x" * 70 + b"\r\n" + (b"y" * 76 + b"\r\n") * (MESSAGE_MAX_OCTETS // 78 + 1) + b".\r\n")
                s.reply(r"552 5\.3\.4")
                s.ask("NOOP", "250")  # the session goes on
        self.assert_nothing_arrived(b"Too large")

    def test_smtp_wrong_logins(self):
        for port in ("submission", "submissions"):
            with self.subTest(port):
                s = self.mail.dialogue(port)
                self.addCleanup(s.close)
                s.reply("220")
                s.ask("EHLO client.example.com", "250")
                if port == "submission":
                    s.ask("AUTH PLAIN " + sasl_plain(address("alice"), password("alice")), r"5[03]\d 5\.")
                    s.ask("STARTTLS", "220")
                    s.starttls(self.mail.tls())
                    s.ask("EHLO client.example.com", "250")
                s.ask("AUTH PLAIN " + sasl_plain(address("alice"), "wrong"), r"535 5\.7\.8")  # RFC 4954 §6
                s.ask("AUTH PLAIN " + sasl_plain(address("nobody.here"), "wrong"), r"535 5\.7\.8")
                s.ask("AUTH PLAIN =====", r"501 5\.")
                s.ask("AUTH TELEPATHY", r"504 5\.5\.4")
        with self.mail.dialogue("submissions") as s:
            s.reply("220")
            s.ask("EHLO client.example.com", "250")
            s.ask("AUTH PLAIN", "334")
            s.ask("*", "501")
            s.ask("AUTH PLAIN " + sasl_plain(address("bob"), password("alice")), r"535 5\.7\.8")
            s.ask("AUTH PLAIN " + sasl_plain(address("alice"), password("alice")), "235")
            s.ask("AUTH PLAIN " + sasl_plain(address("alice"), password("alice")), "503")
        with self.mail.dialogue("smtp") as s:
            s.reply("220")
            s.ask("EHLO client.example.com", "250")
            s.ask("AUTH PLAIN " + sasl_plain(address("alice"), password("alice")), "50")

    def test_smtp_nuls(self):
        for port in SMTP_PORTS:
            with self.subTest(port):
                s = self.smtp(port)
                s.send(b"NO\0OP\r\n")
                s.reply(r"50\d 5\.")
                s.send(b"MAIL FROM:<a\0b@example.org>\r\n")
                s.reply(r"5\d\d 5\.")
                s = self.smtp_data(port, "With NULs")
                s.send(b"a\0b\0\0\r\n.\r\n")
                s.reply(r"(250|55\d)")  # RFC 5321 says nothing of NULs in a text; either way the session goes on
                s.ask("NOOP", "250")

    def test_smtp_what_follows_starttls_in_the_clear_is_not_obeyed(self):
        s = self.mail.dialogue("submission")
        self.addCleanup(s.close)
        s.reply("220")
        s.ask("EHLO client.example.com", "250")
        s.send(b"STARTTLS\r\nRSET\r\n")
        heard = s.expect_end()
        self.assertLessEqual(len(heard), 1, heard)

    def test_smtp_pipelined_commands_are_answered_in_turn(self):
        s = self.smtp()
        s.send(
            b"RSET\r\nMAIL FROM:<>\r\nRCPT TO:<nobody.here@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n"
        )
        self.assertEqual([s.reply()[-1][:3] for _ in range(5)], ["250", "250", "550", "250", "354"])
        s.send(b"Subject: x\r\n\r\n.\r\nQUIT\r\n")
        self.assertEqual([s.reply()[-1][:3] for _ in range(2)], ["250", "221"])

    def test_smtp_connections_that_end_at_every_point(self):
        text = b"Subject: Cut off\r\n\r\nText\r\n"
        for port in ("smtp", "lmtp"):
            hello = b"LHLO" if port == "lmtp" else b"EHLO"
            whole = [
                hello + b" client.example.com\r\n",
                b"MAIL FROM:<>\r\n",
                b"RCPT TO:<bob@example.org>\r\n",
                b"DATA\r\n",
                text,
                b".",
            ]
            for leave in (Dialogue.close, Dialogue.reset):
                for count in range(len(whole) + 1):
                    s = self.mail.dialogue(port)
                    s.reply("220")
                    for i, part in enumerate(whole[:count]):
                        s.send(part)
                        if i < 4:
                            s.reply("[23]")
                    leave(s)
                for cut in range(0, 60, 7):
                    s = self.mail.dialogue(port)
                    s.send(b"".join(whole)[:cut])
                    leave(s)
        self.assert_nothing_arrived(b"Cut off")

    # IMAP

    def test_imap_lines_too_long(self):
        for user in ("alice", None):
            with self.subTest(user=user):
                s = self.imap(user)
                s.send(b"a NOOP " + b"x" * 300_000 + b"\r\n")
                self.assertRegex("\n".join(s.expect_end()), r"(?m)^(\* BYE|a BAD|\* BAD)")

    def test_imap_bare_line_endings(self):
        for ending in (b"\n", b"\r", b"\nb NOOP\r\n", b"\rb\r\n"):
            with self.subTest(ending=ending):
                s = self.imap()
                s.send(b"a NOOP" + ending)
                if not ending.endswith(b"\n"):
                    s.send("")
                heard = s.expect_end()
                self.assertRegex(heard[-1], r"\* (BYE|BAD)")
                self.assertFalse([line for line in heard if line.startswith(("a OK", "b OK"))], heard)

    def test_imap_unknown_commands_wrong_arguments_and_wrong_state(self):
        s = self.imap(None)
        for line in ("a SELECT INBOX", "a FETCH 1 FLAGS", "a XYZZY", "a APPEND INBOX {3+}\r\nabc"):
            s.send(line)
            s.tagged("a", "BAD")
        s = self.imap()
        wrong = (
            *("XYZZY", "FETCH 1 FLAGS", "SELECT", "SELECT INBOX extra", "LOGIN x y", "UID", "UID NOOP", "STARTTLS"),
            *("STATUS INBOX", "STATUS INBOX ()", "CREATE", "LIST", 'LIST "" "', "SEARCH", "COPY 1", "ID 1"),
        )
        for arguments in wrong:
            with self.subTest(arguments):
                s.send("a " + arguments)
                s.tagged("a", "BAD")
        s.send("b SELECT INBOX")
        s.tagged("b")
        wrong = ("FETCH 0 FLAGS", "FETCH 1", "FETCH 1 (BODY[)", "STORE 1 FLAGS", "FETCH 1:: FLAGS", "SEARCH XYZ")
        for arguments in wrong:
            with self.subTest(arguments):
                s.send("a " + arguments)
                s.tagged("a", "BAD")
        for line in ("", "nothing", "* NOOP", "+ NOOP"):
            with self.subTest(line=line):
                s.send(line)
                s.expect(r"\S+ BAD")
        s.send("c SELECT Nowhere")
        s.tagged("c", r"NO \[NONEXISTENT\]")
        s.send("d NOOP")
        s.tagged("d")

    def test_imap_messages_too_large(self):
        s = self.imap()
        s.send(f"a APPEND INBOX {{{MESSAGE_MAX_OCTETS + 1}}}")
        s.tagged("a", r"NO \[(TOOBIG|LIMIT)\]")  # without a "+": RFC 7889 §3.1
        s.send("b APPEND INBOX {99999999999999999999999}")
        self.assertRegex(s.line(), r"b (BAD|NO)|\* (BYE|BAD)")
        s = self.imap()
        size = MESSAGE_MAX_OCTETS + 1
        s.send(f"a APPEND INBOX {{{size}+}}".encode() + b"\r\n" + b"x" * size + b"\r\n")
        s.tagged("a", r"NO \[(TOOBIG|LIMIT)\]")
        s.send("b NOOP")
        s.tagged("b")
        s = self.imap(None)
        s.send("a LOGIN {1000000}")
        s.expect(r"a BAD|a NO|\* BYE")
        s = self.imap(None)
        s.send("a LOGIN {4000000000+}")
        s.expect(r"a BAD|a NO|\* BYE")

    def test_imap_wrong_logins(self):
        s = self.imap(None)
        for user, secret in (("alice", "wrong"), ("nobody.here", "wrong"), ("bob", password("alice"))):
            s.send(f"a LOGIN {address(user)} {secret}")
            s.tagged("a", r"NO \[AUTHENTICATIONFAILED\]")  # RFC 5530 §3
        s.send("b AUTHENTICATE PLAIN =====")
        s.tagged("b", "(BAD|NO)")
        s.send("c AUTHENTICATE PLAIN")
        s.expect(r"\+")
        s.send("*")
        s.tagged("c", "BAD")  # RFC 9051 §6.2.2
        s.send(f"d LOGIN {address('alice')} {password('alice')}")
        s.tagged("d", "OK")

    def test_imap_nuls(self):
        s = self.imap()
        s.send(b"a NO\0OP\r\n")
        s.expect(r"a BAD|\* (BYE|BAD)")
        s = self.imap()
        s.send(b"a SELECT {5+}\r\nIN\0OX\r\n")  # RFC 9051 §9: no NUL in a literal
        s.expect(r"a (BAD|NO)|\* (BYE|BAD)")
        s = self.imap()
        s.send(b"a APPEND INBOX {13+}\r\nx: y\r\n\r\na\0b\r\n\r\n")
        s.expect(r"a (OK|BAD|NO)|\* \d+ EXISTS")

    def test_imap_what_follows_starttls_in_the_clear_is_not_obeyed(self):
        with self.mail.dialogue("imap") as s:
            s.expect(r"\* OK")
            s.send(b"a STARTTLS\r\nb CAPABILITY\r\n")
            heard = s.expect_end()
            self.assertFalse([line for line in heard if line.startswith(("b ", "* CAPABILITY"))], heard)

    def test_imap_connections_that_end_at_every_point(self):
        parts = [
            b"a LOGIN alice@example.org {12}\r\n",
            password("alice").encode() + b"\r\n",
            b"b SELECT INBOX\r\n",
            b"c FETCH 1:* (BODY.PEEK[])\r\n",
            b"d APPEND INBOX {100}\r\n",
            b"x: y\r\n\r\nCut off",
        ]
        self.assertEqual(len(password("alice")), 12)
        for leave in (Dialogue.close, Dialogue.reset):
            for count in range(len(parts) + 1):
                s = self.imap(None)
                for i, part in enumerate(parts[:count]):
                    s.send(part)
                    if i in (0, 4):
                        s.expect(r"\+")
                    elif i in (1, 2, 3):
                        s.tagged("abc"[i - 1])
                leave(s)
            s = self.imap()
            s.send("a SELECT INBOX")
            s.tagged("a")
            s.send("b IDLE")
            s.expect(r"\+")
            leave(s)
        self.assert_nothing_arrived(b"Cut off", user="alice")

    # POP3

    def test_pop3_lines_too_long(self):
        s = self.pop3()
        s.send(b"NOOP " + b"x" * 100_000 + b"\r\n")
        self.assertRegex(s.expect_end()[0], "-ERR")

    def test_pop3_bare_line_endings(self):
        for ending in (b"\n", b"\r", b"\nNOOP\r\n", b"\rX\r\n"):
            with self.subTest(ending=ending):
                s = self.pop3()
                s.send(b"NOOP" + ending)
                if not ending.endswith(b"\n"):
                    s.send("")
                heard = s.expect_end()
                self.assertEqual([line[:4] for line in heard], ["-ERR"], heard)

    def test_pop3_unknown_commands_wrong_arguments_and_wrong_state(self):
        s = self.pop3(None)
        for line in ("XYZZY", "", "STAT", "RETR 1", "PASS x", "USER", "TOP 1 1", "APOP x"):
            with self.subTest(line, state="authorization"):
                s.send(line)
                s.expect("-ERR")
        s = self.pop3()
        wrong = (
            *("XYZZY", "", "USER x", "RETR", "RETR x", "RETR 0", "RETR 999", "RETR -1", "DELE 4294967297"),
            *("TOP 1", "TOP 1 -1", "LIST 99999999999999999999", "UIDL x", "STLS"),
        )
        for line in wrong:
            with self.subTest(line, state="transaction"):
                s.send(line)
                s.expect("-ERR")
        s.send("NOOP")
        s.expect(r"\+OK")

    def test_pop3_wrong_logins(self):
        s = self.pop3(None)
        for user, secret in (("alice", "wrong"), ("nobody.here", "wrong")):
            s.send(f"USER {address(user)}")
            s.expect(r"\+OK")  # no word about who exists
            s.send(f"PASS {secret}")
            s.expect(r"-ERR \[AUTH\]")  # RFC 3206 §4
        s.send(f"USER {address('alice')}")
        s.expect(r"\+OK")
        s.send(f"PASS {password('alice')}")
        s.expect(r"\+OK")

    def test_pop3_nuls(self):
        s = self.pop3()
        s.send(b"NO\0OP\r\n")
        s.expect("-ERR")

    def test_pop3_connections_that_end_at_every_point(self):
        if not self.mail.messages("alice"):
            sent = message("Stays")
            self.mail.deliver(sent, "alice")
            self.mail.find("alice", sent)
        count = len(self.mail.messages("alice"))
        lines = ("USER " + address("alice"), "PASS " + password("alice"), "STAT", "RETR 1", "DELE 1")
        for leave in (Dialogue.close, Dialogue.reset):
            for steps in range(len(lines) + 1):
                s = self.pop3(None)
                for line in lines[:steps]:
                    s.send(line)
                    s.expect(r"\+OK")
                    while line.startswith("RETR") and s.line() != ".":
                        pass
                leave(s)
        self.assertEqual(len(self.mail.messages("alice")), count)

    # Everywhere

    def test_garbage_instead_of_a_handshake(self):
        octets = random.Random(SEED).randbytes(5_000)
        starts = (b"EHLO client.example.com\r\n", b"GET / HTTP/1.1\r\n\r\n", octets, TLS_RECORD + octets, b"")
        for port in ("submissions", "imaps", "pop3s"):
            for start in starts:
                with self.subTest(port, start=start[:12]):
                    with Dialogue(self.mail.port(port)) as s:
                        s.send(start)
                        s.socket.shutdown(socket.SHUT_WR)
                        heard = b"".join(iter(lambda: received(s.socket), b""))
                        self.assertNotRegex(heard, rb"^(220|\* OK|\+OK)")
        for port, line, answer in (
            ("submission", "STARTTLS", "220"),
            ("imap", "a STARTTLS", "a OK"),
            ("pop3", "STLS", r"\+OK"),
        ):
            with self.subTest(port), self.mail.dialogue(port) as s:
                s.expect(GREETINGS[port])
                if port == "submission":
                    s.ask("EHLO client.example.com", "250")
                s.send(line)
                s.expect(answer)
                s.send(octets)
                s.socket.shutdown(socket.SHUT_WR)
                self.assertNotIn(b"250", b"".join(iter(lambda: received(s.socket), b"")))

    def test_random_octets(self):
        print(f"POSTHASTE_SEED={SEED}", file=sys.stderr)
        chance = random.Random(SEED)
        words = [
            *(b"\r\n", b" ", b"(", b")", b"{5}", b"{3+}\r\n", b'"', b"\\", b"*", b"<", b">", b"@", b":", b"."),
            *(b"EHLO x", b"LHLO x", b"MAIL FROM:", b"RCPT TO:", b"DATA", b"BDAT 10", b"\r\n.\r\n", b"\xff\xfe"),
            *(b"a LOGIN", b"a NOOP", b"a FETCH 1:*", b"a AUTHENTICATE PLAIN", b"a ID NIL", b"4294967296"),
            *(b"USER", b"PASS", b"CAPA", b"example.org"),
        ]
        for port in GREETINGS:
            for _ in range(40):
                with self.mail.dialogue(port) as s:
                    try:
                        s.send(b"".join(chance.choice(words) for _ in range(chance.randrange(60))) + b"\r\n")
                        s.socket.settimeout(0.02)
                        received(s.socket)
                    except OSError:  # the daemon had enough
                        pass


ENDS_OF_SMUGGLERS = (
    *(b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\rx"),
    *(b"\r\n\x00.\r\n\n", b"\r\r\n.\r\n"),
)
SMTP_PORTS = ("smtp", "submission", "submissions", "lmtp")
GREETINGS = {
    "smtp": "220 ",
    "submission": "220 ",
    "submissions": "220 ",
    "lmtp": "220 ",
    "imap": r"\* OK",
    "imaps": r"\* OK",
    "pop3": r"\+OK",
    "pop3s": r"\+OK",
}


def sasl_plain(user, secret):
    """RFC 4616 §2, in base64."""
    return base64.b64encode(b"\0".join((b"", user.encode(), secret.encode()))).decode()


def received(connection):
    """What comes next; nothing when the other side has closed, politely or not."""
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""


if __name__ == "__main__":
    unittest.main()
