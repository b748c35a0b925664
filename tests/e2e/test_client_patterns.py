"""What well-known clients say, command by command, as they say it."""

import base64
import contextlib
import email
import email.policy
import re
import sys
import time
import unittest
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import Dialogue, address, message, password

APPLE_FIELDS = (
    "date subject from to cc message-id in-reply-to references content-type x-priority x-uniform-type-identifier "
    "x-universally-unique-identifier list-id list-unsubscribe bimi-indicator bimi-location x-bimi-indicator-hash "
    "authentication-results dkim-signature"
)
K9_FIELDS = (
    "date subject from content-type to cc reply-to message-id references in-reply-to list-unsubscribe sender "
    "X-K9mail-Identity X-Autocrypt"
)
TWO_PARTS = (
    b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="cut"\r\n',
    b"--cut\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nPlain.\r\n"
    b"--cut\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"<p>=C3=A4</p>\r\n--cut--\r\n",
)


def plain(user):
    """The initial response of AUTHENTICATE PLAIN."""
    return base64.b64encode(f"\0{address(user)}\0{password(user)}".encode()).decode()


class Compressed(Dialogue):
    """A conversation that goes on under COMPRESS=DEFLATE (RFC 4978): raw deflate, flushed at each turn."""

    def __init__(self, dialogue):
        self.hostname, self.heard, self.buffer = dialogue.hostname, dialogue.heard, b""
        self.plain = dialogue.socket
        self.deflate = zlib.compressobj(wbits=-15)
        self.inflate = zlib.decompressobj(wbits=-15)
        self.socket = self

    def sendall(self, octets):
        self.plain.sendall(self.deflate.compress(octets) + self.deflate.flush(zlib.Z_SYNC_FLUSH))

    def recv(self, size):
        while octets := self.plain.recv(size):
            if inflated := self.inflate.decompress(octets):
                return inflated
        return b""


class ClientPatterns(support.MailTest):
    users = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy")
    settings = {"workers.count": 2}

    @contextlib.contextmanager
    def session(self, user, port="imaps"):
        """Logged in as quickly as can be; nothing selected."""
        with self.mail.dialogue(port) as s:
            s.expect(r"\* OK")
            s.send(f"login AUTHENTICATE PLAIN {plain(user)}")
            s.tagged("login")
            yield s

    def say(self, s, command, pattern="OK"):
        """One command of a session; the lines of its answer."""
        self.tag = getattr(self, "tag", 0) + 1
        s.send(f"T{self.tag} {command}")
        return s.tagged(f"T{self.tag}", pattern)

    def append(self, s, mailbox, octets, flags=""):
        return self.say(s, f'APPEND "{mailbox}" ({flags}) {{{len(octets)}+}}\r\n{octets.decode()}')

    def assert_said(self, lines, *patterns):
        """Each pattern fits a whole line."""
        for pattern in patterns:
            self.assertTrue(any(re.fullmatch(pattern, line) for line in lines), f"{pattern!r} is not among {lines}")

    def assert_not_said(self, lines, pattern):
        self.assertFalse([line for line in lines if re.match(pattern, line)])

    # Outlook 2013, 2016 and 365

    def test_outlook_by_imap(self):
        with self.mail.dialogue("imap") as s:
            s.expect(r"\* OK")
            self.assert_said(self.say(s, "CAPABILITY"), r"\* CAPABILITY .*\bSTARTTLS\b.*")
            self.say(s, "STARTTLS")
            s.starttls(self.mail.tls())
            self.say(s, "CAPABILITY")
            self.say(s, f'LOGIN "{address("alice")}" "{password("alice")}"')
            self.say(s, "CAPABILITY")
            self.assert_said(  # 2013 and 2016 look for the special folders so
                self.say(s, 'XLIST "" "*"'),
                r'\* XLIST \([^)]*\\Inbox[^)]*\) "/" "?(?i:Inbox)"?',
                r'\* XLIST \([^)]*\\Sent[^)]*\) "/" "?Sent"?',
                r'\* XLIST \([^)]*\\Trash[^)]*\) "/" "?Trash"?',
            )
            self.assert_said(self.say(s, 'LIST "" ""'), r'\* LIST \(.*\) "/" ""')
            self.assert_said(self.say(s, 'LIST "" "INBOX"'), r'\* LIST \(.*\) "/" "?INBOX"?')
            self.say(s, 'LIST "" "*"')
            self.say(s, 'CREATE "Sent Items"')
            self.say(s, 'SUBSCRIBE "Sent Items"')
            self.assert_said(self.say(s, 'LSUB "" "*"'), r'\* LSUB \(.*\) "/" "Sent Items"')
            self.append(s, "Sent Items", message("sent"), r"\Seen")
            for i in range(3):
                self.append(s, "INBOX", message(f"Outlook {i}"))
            self.assert_said(self.say(s, 'STATUS "INBOX" (UNSEEN)'), r"\* STATUS \"?INBOX\"? \(UNSEEN 3\)")
            self.assert_said(self.say(s, 'SELECT "INBOX"'), r"\* 3 EXISTS", r"\* FLAGS \(.*\)")
            self.assert_said(self.say(s, "UID FETCH 1:* (UID FLAGS)"), r"\* 3 FETCH \(UID 3 FLAGS \(.*\)\)")
            got = self.say(s, "UID FETCH 1:3 (UID RFC822.SIZE FLAGS BODY.PEEK[])")
            self.assertEqual(sum(line.startswith("Subject: Outlook") for line in got), 3)
            self.say(s, r"UID STORE 1 +FLAGS (\Seen \Deleted)")
            self.say(s, 'UID COPY 2 "Sent Items"')
            s.send("i IDLE")
            s.expect(r"\+")
            s.send("DONE")
            s.tagged("i")
            self.assert_said(self.say(s, "EXPUNGE"), r"\* 1 EXPUNGE")
            self.assert_said(self.say(s, "LOGOUT"), r"\* BYE .*")

    def test_outlook_idles_before_it_selects(self):
        with self.session("alice") as s:
            s.send("i IDLE")
            s.expect(r"\+")
            s.send("DONE")
            s.tagged("i")

    def test_outlook_logs_in_by_smtp_with_the_name_in_one_line_or_two(self):
        name = base64.b64encode(address("bob").encode()).decode()
        secret = base64.b64encode(password("bob").encode()).decode()
        for first in ("AUTH LOGIN", f"AUTH LOGIN {name}"):
            with self.subTest(first), self.mail.dialogue("submissions") as s:
                s.reply("220")
                s.ask("EHLO [192.168.1.20]", "250")
                if first == "AUTH LOGIN":
                    self.assertEqual(s.ask(first, "334"), ["334 VXNlcm5hbWU6"])  # "Username:", and nothing else
                    said = s.ask(name, "334")
                else:
                    said = s.ask(first, "334")
                self.assertEqual(said, ["334 UGFzc3dvcmQ6"])  # "Password:"
                s.ask(secret, r"235 2\.7\.0")

    def test_outlook_by_pop3(self):
        self.mail.deliver(message("for POP3"), "bob")
        support.wait_until(lambda: self.mail.messages("bob"), "it is there")
        with self.mail.dialogue("pop3s") as s:
            s.expect(r"\+OK")
            for command in ("CAPA", f"USER {address('bob')}", f"PASS {password('bob')}", "STAT", "UIDL", "LIST"):
                s.send(command)
                s.expect(r"\+OK")
                if command in ("CAPA", "UIDL", "LIST"):
                    while s.line() != ".":
                        pass
            s.send("RETR 1")
            s.expect(r"\+OK")
            while s.line() != ".":
                pass
            s.send("DELE 1")
            s.expect(r"\+OK")
            s.send("QUIT")
            s.expect(r"\+OK")
            s.expect_end()

    # Everybody's submission and POP3

    def test_clients_submit(self):
        name, secret = (base64.b64encode(text.encode()).decode() for text in (address("ivan"), password("ivan")))
        me = f"<{address('ivan')}>"
        whole = [f"AUTH PLAIN {plain('ivan')}"]
        by_login = ["AUTH LOGIN", name, secret]
        cases = (
            ("Thunderbird", "[127.0.0.1]", whole, f"FROM:{me} BODY=8BITMIME SIZE={{size}}", f"TO:{me}"),
            ("Outlook 365", "DESKTOP-4F_1", by_login, f"FROM: {me}", f"TO: {me}"),
            ("Outlook 2016", "Büro PC", [f"AUTH LOGIN {name}", secret], f"FROM: {me}", f"TO: {me}"),
            ("Apple Mail", "smtpclient.apple", ["AUTH PLAIN", plain("ivan")], f"FROM:{me}", f"TO:{me}"),
            ("iOS", "[IPv6:2001:db8::1]", whole, f"FROM:{me} SIZE={{size}}", f"TO:{me}"),
            ("K-9", "[192.0.2.7]", whole, f"FROM:{me} BODY=8BITMIME", f"TO:{me}"),
            ("mutt", "laptop", whole, f"FROM:{me} BODY=8BITMIME", f"TO:{me} NOTIFY=FAILURE"),
            ("msmtp", "localhost", whole, f"FROM:{me}", f"TO:{me}"),
            ("A printer", "printer.", by_login, f"FROM:{me[1:-1]}", f"TO:{me[1:-1]}"),
        )
        for client, hello, login, mail, recipient in cases:
            with self.subTest(client), self.mail.dialogue("submissions") as s:
                sent = message(f"By {client}", "Grüße.\r\n".encode(), "ivan", "ivan")
                s.reply("220")
                s.ask(f"EHLO {hello}", "250")
                for step in login[:-1]:
                    s.ask(step, "334")
                s.ask(login[-1], "235")
                s.ask(f"MAIL {mail.format(size=len(sent))}", "250")
                s.ask(f"RCPT {recipient}", "250")
                s.ask("DATA", "354")
                s.send(sent + b".\r\n")
                s.reply("250")
                s.ask("QUIT", "221")
                self.mail.find("ivan", sent)

    def test_clients_read_by_pop3(self):
        """In ASCII, names and files of other letters too, for none of them knows UTF8."""
        name, secret = address("judy"), password("judy")
        header = (
            'From: "Jörg, Müller" <joerg@example.org>\r\nTo: ü@a.example\r\nMessage-ID: <ü@example.org>\r\n'
            "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nSubject: Grüße\r\n"
            'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8; name="Räume.txt"\r\n'
            "Content-Transfer-Encoding: 8bit\r\n"
        )
        sent = (header + "\r\nKörper\r\n.\r\n").encode()
        login = [f"USER {name}", f"PASS {secret}"]
        by_plain = [f"AUTH PLAIN {plain('judy')}"]
        cases = (
            ("Thunderbird", ["CAPA", "AUTH PLAIN", plain("judy"), "STAT", "LIST", "UIDL"], "RETR 1"),
            ("fetchmail", ["CAPA", *login, "STAT", "LAST", "UIDL", "LIST 1"], "TOP 1 99999999"),
            ("getmail", ["CAPA", *login, "UIDL", "LIST"], "RETR 1"),
            ("mutt", ["CAPA", *by_plain, "STAT", "UIDL", "LIST 1", "TOP 1 0"], "RETR 1"),
            ("Outlook", ["AUTH", *login, "STAT", "UIDL", "LIST"], "RETR 1"),
            ("Apple Mail", ["CAPA", *login, "STAT", "UIDL", "LIST", "TOP 1 0"], "RETR 1"),
        )
        for client, steps, retrieve in cases:
            with self.subTest(client), self.mail.dialogue("pop3s") as s:
                self.mail.deliver(sent, "judy")
                support.wait_until(lambda: self.mail.messages("judy"), "it is there")
                s.expect(r"\+OK")
                for step in steps:
                    s.send(step)
                    s.expect("-ERR" if step == "LAST" else r"\+ ?$" if step == "AUTH PLAIN" else r"\+OK")
                    if step in ("CAPA", "AUTH", "UIDL", "LIST", "TOP 1 0"):
                        self.lines(s)
                s.send(retrieve)
                s.expect(r"\+OK")
                octets = "".join(line + "\r\n" for line in self.lines(s)).encode()
                for done in ("DELE 1", "QUIT"):
                    s.send(done)
                    s.expect(r"\+OK")
                s.expect_end()
            self.assertTrue(octets.partition(b"\r\n\r\n")[0].isascii())
            read = email.message_from_bytes(octets, policy=email.policy.SMTP)
            (sender,) = read["From"].addresses
            self.assertEqual((sender.display_name, sender.addr_spec), ("Jörg, Müller", "joerg@example.org"))
            self.assertEqual(read["To"].groups[0].display_name, "ü@a.example")
            self.assertEqual(read["Subject"], "Grüße")
            self.assertEqual(read["Content-Type"].params["name"], "Räume.txt")
            self.assertEqual(read.get_content().replace("\r\n", "\n"), "Körper\n.\n")

    def lines(self, s):
        """Of a multi-line answer, unstuffed."""
        found = []
        while (line := s.line()) != ".":
            found.append(line.removeprefix("."))
        return found

    # Apple Mail and iOS

    def test_apple_mail(self):
        with self.mail.dialogue("imaps") as s:
            s.expect(r"\* OK")
            s.send("1.1 CAPABILITY")
            s.tagged("1.1")
            s.send("2.1 AUTHENTICATE PLAIN")
            s.expect(r"\+ ?$")
            s.send(plain("carol"))
            s.tagged("2.1")
            s.send("3.1 CAPABILITY")
            s.tagged("3.1")
            identity = '("name" "Mac OS X Mail" "version" "16.0 (3774.600.62)" "os" "Mac OS X" "os-version" "14.6")'
            s.send(f'4.1 ID {identity}')
            self.assert_said(s.tagged("4.1"), r"\* ID \(.*\)")
            s.send("5.1 NAMESPACE")
            self.assert_said(s.tagged("5.1"), r'\* NAMESPACE \(\("" "/"\)\) NIL NIL')
            for tag, command, names in (
                ("6.1", 'LIST "" ""', [r'\* LIST \(.*\) "/" ""']),
                ("7.1", 'LIST "" "%"', [r'\* LIST \(.*\) "/" "?INBOX"?', r'\* LIST \(.*\\Sent.*\) "/" "?Sent"?']),
                ("8.1", 'LIST "" "*" RETURN (SPECIAL-USE STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY))', []),
                ("9.1", 'LSUB "" "*"', []),
                ("9.2", 'STATUS "INBOX" (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)', []),
            ):
                s.send(f"{tag} {command}")
                self.assert_said(s.tagged(tag), *names)
            for i in range(4):
                self.append(s, "INBOX", message(f"Apple {i}", TWO_PARTS[1], fields=TWO_PARTS[0]))
            self.say(s, "SELECT INBOX")
            self.assert_said(self.say(s, "FETCH 1:* (FLAGS UID)"), r"\* 4 FETCH \(FLAGS \(.*\) UID 4\)")
            got = self.say(
                s, f"UID FETCH 1:4 (INTERNALDATE UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS ({APPLE_FIELDS})])"
            )
            self.assertEqual(sum(line.startswith("Subject: Apple") for line in got), 4)
            got = self.say(s, "UID FETCH 1 (BODYSTRUCTURE BODY.PEEK[])")
            self.assertIn('("text" "html" ("charset" "utf-8")', " ".join(got).lower())
            self.say(s, "UID FETCH 1 BODY.PEEK[1.MIME]")
            self.say(s, "UID FETCH 1 BODY.PEEK[1]<0.16384>")
            self.say(s, r"UID STORE 1 +FLAGS.SILENT (\Seen $NotJunk NotJunk)")
            self.assert_said(self.say(s, "UID MOVE 1:2 Trash"), r"\* OK \[COPYUID \d+ 1:2 1:2\].*", r"\* 1 EXPUNGE")
            self.say(s, "UID MOVE 1:2 Trash")  # they are gone: that is no error (RFC 9051 §6.4.9)
            self.say(s, r"UID STORE 1:2 +FLAGS.SILENT (\Deleted)")
            self.say(s, "UID EXPUNGE 1:2")
            self.say(s, "CHECK")
            self.say(s, "CLOSE")
            self.say(s, "LOGOUT")

    def test_apple_mail_compressed(self):
        with self.session("carol") as s:
            if not any("COMPRESS=DEFLATE" in line for line in self.say(s, "CAPABILITY")):
                self.skipTest("COMPRESS=DEFLATE is not announced")
            self.say(s, "COMPRESS DEFLATE")
            s = Compressed(s)
            octets = message("Compressed", b"All work and no play.\r\n" * 5_000)
            self.append(s, "Archive", octets)
            self.say(s, "SELECT Archive")
            got = self.say(s, "UID FETCH 1:* (UID BODY.PEEK[])")
            self.assertEqual(got.count("All work and no play."), 5_000)
            s.send(b"i IDLE\r\n")
            s.expect(r"\+")  # which must not stay in the compressor
            with self.session("carol") as other:
                self.append(other, "Archive", message("while it idles"))
            s.expect(r"\* 2 EXISTS")
            s.send(b"DONE\r\nn NOOP\r\n")
            s.tagged("i")
            s.tagged("n")
            self.say(s, "COMPRESS DEFLATE", r"(NO|BAD)")
            self.say(s, "LOGOUT")

    def test_compression_before_a_login_is_refused_and_nothing_else(self):
        with self.mail.dialogue("imaps") as s:
            s.expect(r"\* OK")
            self.say(s, "COMPRESS DEFLATE", r"(NO|BAD)")
            self.say(s, f"AUTHENTICATE PLAIN {plain('carol')}")

    def test_ios_says_done_and_the_next_command_in_one_packet(self):
        with self.session("dave") as s:
            self.append(s, "INBOX", message("iOS"))
            self.say(s, "SELECT INBOX")
            for i in range(20):
                s.send(f"i{i} IDLE")
                s.expect(r"\+")
                s.send(f"DONE\r\nf{i} UID FETCH 1 (FLAGS UID)")
                s.tagged(f"i{i}")
                self.assert_said(s.tagged(f"f{i}"), r"\* 1 FETCH \(FLAGS \(.*\) UID 1\)")
            s.send("j IDLE\r\nDONE\r\nk NOOP\r\nl IDLE\r\nDONE\r\nm NOOP")  # all of it at once
            for tag in "jklm":
                s.tagged(tag)
            s.send("n IDLE")
            s.expect(r"\+")
            for octet in b"DONE\r\no NOOP\r\n":
                s.send(bytes([octet]))
            s.tagged("n")
            s.tagged("o")

    def test_what_was_said_while_idling_is_no_command(self):
        with self.session("dave") as s:
            s.send("i IDLE")
            s.expect(r"\+")
            s.send("x NOOP")
            s.tagged("i", "BAD")

    def test_ios_opens_many_sessions_at_once(self):
        with contextlib.ExitStack() as stack:
            sessions = [stack.enter_context(self.session("dave")) for _ in range(16)]
            for s in sessions:
                self.say(s, "SELECT INBOX")

    # K-9 Mail, Thunderbird for Android

    def test_k9_mail(self):
        with self.mail.dialogue("imap") as s:
            s.expect(r"\* OK")
            self.say(s, "CAPABILITY")
            self.say(s, "STARTTLS")
            s.starttls(self.mail.tls())
            self.say(s, "CAPABILITY")
            self.say(s, f"AUTHENTICATE PLAIN {plain('erin')}")
            capabilities = " ".join(self.say(s, "CAPABILITY")).split()
            self.say(s, 'ID ("name" "K-9 Mail" "version" "8.0")')
            if "COMPRESS=DEFLATE" in capabilities:
                self.say(s, "COMPRESS DEFLATE")
                s = Compressed(s)
            if "UTF8=ACCEPT" in capabilities:
                self.say(s, "ENABLE UTF8=ACCEPT")
            self.say(s, "NAMESPACE")
            self.assert_said(
                self.say(s, 'LIST "" "*" RETURN (SPECIAL-USE)'), r'\* LIST \([^)]*\\Drafts[^)]*\) "/" "?Drafts"?'
            )
            self.say(s, 'LIST (SUBSCRIBED) "" "*" RETURN (SPECIAL-USE)')
            for i in range(3):
                self.append(s, "INBOX", message(f"K-9 {i}", TWO_PARTS[1], fields=TWO_PARTS[0]))
            identifier = support.message_id(found := message("to be found", b"x" * 40_000 + b"\r\n"))
            self.append(s, "INBOX", found)
            self.say(s, 'SELECT "INBOX"')
            self.assert_said(self.say(s, "UID SEARCH 1:4 NOT DELETED"), r"\* SEARCH 1 2 3 4")
            self.assert_said(self.say(s, "UID SEARCH UID 4:* NOT DELETED"), r"\* SEARCH 4")
            self.assert_said(self.say(s, f"UID SEARCH HEADER MESSAGE-ID {identifier}"), r"\* SEARCH 4")
            got = self.say(
                s, f"UID FETCH 4,3,2,1 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS ({K9_FIELDS})])"
            )
            self.assertEqual(sum(line.startswith("Subject: ") for line in got), 4)
            self.assert_said(self.say(s, "UID FETCH 1 (UID BODYSTRUCTURE)"), r'\* 1 FETCH \(UID 1 BODYSTRUCTURE \(.*\)\)')
            self.say(s, "UID FETCH 1 (UID BODY.PEEK[1.MIME])")
            self.assertIn("<p>=C3=A4</p>)", self.say(s, "UID FETCH 1 (UID BODY.PEEK[2])"))
            got = self.say(s, "UID FETCH 4 (UID BODY.PEEK[]<0.32768>)")
            self.assertTrue(got[0].endswith("BODY[]<0> {32768}"), got[0])
            self.assert_said(self.say(s, "UID FETCH 1:* (UID FLAGS)"), r"\* 4 FETCH \(UID 4 FLAGS \(.*\)\)")
            self.assert_said(self.say(s, r"UID STORE 1 +FLAGS.SILENT (\Seen)"), r"T\d+ OK .*")
            self.say(s, "UID SEARCH UNSEEN")
            self.say(s, "UID COPY 2 Archive")
            self.say(s, "UID MOVE 3 Trash")
            self.say(s, r"UID STORE 2 +FLAGS.SILENT (\Deleted)")
            self.assert_said(self.say(s, "UID EXPUNGE 2"), r"\* 2 EXPUNGE")
            self.say(s, "NOOP")
            self.say(s, 'EXAMINE "Archive"')
            s.send("i IDLE")
            s.expect(r"\+")
            s.send("DONE")
            s.tagged("i")
            self.say(s, "LOGOUT")

    # FairEmail (JavaMail)

    def test_fairemail_idles_in_many_folders(self):
        names = [f"Folder {i}" for i in range(8)]
        with contextlib.ExitStack() as stack, self.session("frank") as writer:
            sessions = []
            for name in names:
                self.say(writer, f'CREATE "{name}"')
                s = stack.enter_context(self.session("frank"))
                self.say(s, "CAPABILITY")
                self.say(s, 'ID ("name" "FairEmail" "version" "1.2100")')
                self.say(s, "NAMESPACE")
                self.assert_said(self.say(s, f'LIST "" "{name}"'), rf'\* LIST \(.*\) "/" "{name}"')
                self.say(s, f'SELECT "{name}"')
                s.send("i IDLE")
                s.expect(r"\+")
                sessions.append(s)
            for name in names:
                self.append(writer, name, message(f"for {name}"))
            for s in sessions:
                s.expect(r"\* 1 EXISTS")
                s.send("DONE")
                s.tagged("i")
                got = self.say(s, "FETCH 1 (ENVELOPE INTERNALDATE RFC822.SIZE FLAGS BODYSTRUCTURE UID BODY.PEEK[HEADER])")
                self.assertTrue(got[0].startswith("* 1 FETCH (ENVELOPE ("), got[0])

    def test_fairemail_counts_on_sequence_numbers(self):
        with self.session("grace") as s, self.session("grace") as other:
            for i in range(6):
                self.append(s, "INBOX", message(f"Number {i + 1}"))
            self.say(s, "SELECT INBOX")
            self.say(other, "SELECT INBOX")
            self.say(other, r"UID STORE 2,4 +FLAGS.SILENT (\Deleted)")
            self.say(other, "UID EXPUNGE 2,4")
            # A FETCH by number means what it meant before, and tells of no EXPUNGE (RFC 3501 §7.4.1).
            got = self.say(s, "FETCH 5:6 (UID)")
            self.assert_said(got, r"\* 5 FETCH \(UID 5\)", r"\* 6 FETCH \(UID 6\)")
            self.assert_not_said(got, r"\* \d+ EXPUNGE")
            expunged = [line for line in self.say(s, "NOOP") if line.endswith("EXPUNGE")]
            numbers = [1, 2, 3, 4, 5, 6]
            for line in expunged:  # each number counts after the ones before it
                del numbers[int(line.split()[1]) - 1]
            self.assertEqual(numbers, [1, 3, 5, 6])
            self.assert_said(
                self.say(s, "FETCH 1:* (UID)"), *(rf"\* {n} FETCH \(UID {uid}\)" for n, uid in enumerate(numbers, 1))
            )
            s.send("i IDLE")
            s.expect(r"\+")
            self.say(other, r"UID STORE 3 +FLAGS.SILENT (\Deleted)")
            self.say(other, "EXPUNGE")
            while not re.fullmatch(r"\* 2 EXPUNGE", line := s.line()):
                self.assertRegex(line, r"\* 2 FETCH ")  # that it has been marked, before
            s.send("DONE")
            s.tagged("i")
            self.assert_said(self.say(s, "FETCH 2 (UID)"), r"\* 2 FETCH \(UID 5\)")

    # Sync tools

    def test_of_many_commands_sent_at_once_the_first_is_answered_first(self):
        count = 400
        with self.session("heidi") as s:
            self.append(s, "INBOX", message("One"))
            self.say(s, "SELECT INBOX")
            begun = time.monotonic()
            s.send("".join(f"s{i} UID STORE 1 +FLAGS.SILENT (keyword{i % 20})\r\n" for i in range(count)).encode())
            s.tagged("s0")
            if time.monotonic() - begun > 0.2:  # otherwise the last may well have come too
                self.assertNotIn(b"s%d OK" % (count - 1), s.buffer, "the first answer came together with the last")
            for i in range(1, count):
                s.tagged(f"s{i}")


if __name__ == "__main__":
    unittest.main()
