"""A message's way from any sender's client to any reader's, octet by octet."""

import contextlib
import poplib
import re
import smtplib
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import DOMAIN, HOST, HOSTNAME, address, assert_same_message, message, must, needs, password

LONGEST_LINE = b"x" * 998 + b"\r\n"  # RFC 5322 §2.1.1


class Journey(support.ClientTest):
    users = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan")
    settings = {"workers.count": 2}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        mail = cls.mail
        mail.run("alias", "add", address("sales"), address("alice"), address("bob"))
        mail.run("alias", "add", address("info"), address("sales"))

    def curl(self, scheme, port, path="", *options, user="alice"):
        """curl under the host's own name and certificate."""
        number = self.mail.port(port)
        return self.call(
            *("curl", "--silent", "--show-error", "--max-time", "50", "--ssl-reqd"),
            *("--cacert", self.mail.certificate),
            *("--resolve", f"{HOSTNAME}:{number}:{HOST}", "--user", f"{address(user)}:{password(user)}"),
            *options,
            f"{scheme}://{HOSTNAME}:{number}/{path}",
        )

    def assert_arrived(self, sent, *users):
        for user in users:
            assert_same_message(self, self.mail.find(user, sent), sent)

    # Sending

    def test_smtplib_submits_to_two_users(self):
        for implicit in (False, True):
            with self.subTest("implicit TLS" if implicit else "STARTTLS"):
                sent = message("To two of us")
                self.mail.submit("alice", sent, "bob", "carol", implicit=implicit)
                self.assert_arrived(sent, "bob", "carol")

    @needs("curl")
    def test_curl_submits(self):
        for scheme, port in (("smtp", "submission"), ("smtps", "submissions")):
            with self.subTest(scheme):
                sent = message("By curl")
                file = self.file("by-curl.eml", sent)
                self.curl(
                    *(scheme, port, "", "--mail-from", address("alice"), "--mail-rcpt", address("bob")),
                    *("--mail-rcpt", address("carol"), "--upload-file", file),
                )
                self.assert_arrived(sent, "bob", "carol")

    @needs("swaks")
    def test_swaks_delivers(self):
        sent = message("By swaks", b"A line.\r\n.\r\n..two dots\r\n")
        file = self.file("by-swaks.eml", dot_stuffed(sent) + b".\r\n")
        self.call(
            *("swaks", "--server", HOST, "--port", self.mail.port("smtp"), "--from", "someone@example.com"),
            *("--to", f"{address('bob')},{address('carol')}", "--no-data-fixup", "--data", f"@{file}"),
        )
        self.assert_arrived(sent, "bob", "carol")

    @needs("swaks")
    def test_swaks_submits(self):
        if "*** TLS not available" in support.execute("swaks", "--support").stderr:
            self.skipTest("swaks has no TLS: Net::SSLeay (libnet-ssleay-perl) is not installed")
        for tls, port in (("--tls", "submission"), ("--tls-on-connect", "submissions")):
            with self.subTest(tls):
                sent = message("Submitted by swaks", b".\r\n")
                file = self.file("by-swaks.eml", dot_stuffed(sent) + b".\r\n")
                self.call(
                    *("swaks", "--server", HOST, "--port", self.mail.port(port), tls, "--auth", "PLAIN"),
                    *("--auth-user", address("alice"), "--auth-password", password("alice")),
                    *("--from", address("alice"), "--to", f"{address('bob')},{address('carol')}"),
                    *("--no-data-fixup", "--data", f"@{file}"),
                )
                self.assert_arrived(sent, "bob", "carol")

    @needs("msmtp")
    def test_msmtp_submits(self):
        for starttls, port in (("on", "submission"), ("off", "submissions")):
            with self.subTest(port):
                settings = self.file(
                    "msmtprc",
                    f"""account default
                    host {HOST}
                    port {self.mail.port(port)}
                    tls on
                    tls_starttls {starttls}
                    tls_trust_file {self.mail.certificate}
                    tls_host_override {HOSTNAME}
                    auth plain
                    user {address("alice")}
                    password {password("alice")}
                    from {address("alice")}
                    """,
                )
                sent = message("By msmtp", b".dot first\r\nlast line\r\n")
                lines = sent.replace(b"\r\n", b"\n")
                self.call("msmtp", "--file", settings, address("bob"), address("carol"), input=lines)
                self.assert_arrived(sent, "bob", "carol")

    def test_another_host_delivers_with_and_without_tls(self):
        sent = message("From elsewhere")
        self.mail.deliver(sent, "bob", "carol")
        self.assert_arrived(sent, "bob", "carol")

        sent = message("From elsewhere, under TLS")
        with self.mail.smtp() as client:
            client.starttls(context=self.mail.tls())
            client.sendmail("someone@example.com", [address("bob")], sent)
        stored = self.mail.find("bob", sent)
        assert_same_message(self, stored, sent)
        received = re.search(rb"^Received: (.*?)\r\n(?![ \t])", stored, re.MULTILINE | re.DOTALL)[1]
        self.assertIn(b"with ESMTPS", received)  # RFC 3848
        self.assertTrue(stored.startswith(b"Return-Path: <someone@example.com>\r\n"), stored[:200])

    def test_another_mail_system_delivers_by_lmtp(self):
        sent = message("By LMTP")
        with self.mail.dialogue("lmtp") as s:
            s.reply("220")
            s.ask("LHLO client.example.com", "250")
            s.ask("MAIL FROM:<someone@example.com>", "250")
            s.ask(f"RCPT TO:<{address('bob')}>", "250")
            s.ask(f"RCPT TO:<{address('nobody.here')}>", "550")
            s.ask(f"RCPT TO:<{address('carol')}>", "250")
            s.ask("DATA", "354")
            s.send(sent + b".\r\n")
            s.reply("250")  # one for each recipient that was taken (RFC 2033 §4.2)
            s.reply("250")
            s.ask("QUIT", "221")
        self.assert_arrived(sent, "bob", "carol")

    def test_a_notification_has_no_sender(self):
        sent = message("Undelivered")
        self.mail.deliver(sent, "bob", sender="")
        self.assertTrue(self.mail.find("bob", sent).startswith(b"Return-Path: <>\r\n"))

    def test_messages_of_every_kind_arrive_unchanged(self):
        kinds = {
            "8 bits": "Grüße, 你好\r\n".encode(),
            "8 bits in no charset": bytes(range(128, 256)) + b"\r\n",
            "lines of 998 octets": LONGEST_LINE * 50,
            "dots at line starts": b".\r\n..\r\n...\r\n. \r\n.x\r\n\r\n.\r\n",
            "empty lines": b"\r\n" * 100,
            "no body": b"",
            "a body that looks like SMTP": b"DATA\r\nQUIT\r\n.\r\nMAIL FROM:<x@y>\r\n",
            "trailing spaces": b"two  \r\n\t\r\n \r\n",
        }
        with self.mail.smtp() as client:
            client.ehlo()
            self.assertTrue(client.has_extn("8bitmime"))
            for kind, body in kinds.items():
                with self.subTest(kind):
                    sent = message(kind, body)
                    client.sendmail("someone@example.com", [address("grace")], sent, ["BODY=8BITMIME"])
                    self.assert_arrived(sent, "grace")

    def test_an_attachment_of_5_mb_arrives_unchanged(self):
        line = bytes(65 + i % 26 for i in range(76)) + b"\r\n"
        fields = b"MIME-Version: 1.0\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
        sent = message("Large", line * (5_000_000 // len(line)), fields=fields)
        self.mail.submit("alice", sent, "ivan", implicit=True)
        self.assert_arrived(sent, "ivan")
        self.assertTrue(self.curl("pop3s", "pop3s", "1", user="ivan").endswith(sent))

    # Addresses

    def test_an_alias_leads_to_all_its_targets_once(self):
        sent = message("To the alias of an alias")
        self.mail.deliver(sent, "info", "alice")
        self.assert_arrived(sent, "alice", "bob")
        for user in ("alice", "bob"):
            identifier = support.message_id(sent)
            copies = [m for m in self.mail.messages(user).values() if support.message_id(m) == identifier]
            self.assertEqual(len(copies), 1, user)

    def test_a_subaddress_and_any_case_lead_to_the_user(self):
        for name in ("bob+lists", "BOB", "Bob+Lists.2"):
            with self.subTest(name):
                sent = message("To " + name)
                self.mail.deliver(sent, name)
                self.assert_arrived(sent, "bob")

    def test_postmaster_always_has_a_mailbox(self):
        sent = message("To the postmaster")
        with self.mail.dialogue("smtp") as s:  # RFC 5321 §4.5.1: without a domain
            s.reply("220")
            s.ask("EHLO client.example.com", "250")
            s.ask("MAIL FROM:<>", "250")
            s.ask("RCPT TO:<Postmaster>", "250")
            s.ask("DATA", "354")
            s.send(sent + b".\r\n")
            s.reply("250")
        self.assert_arrived(sent, "alice")  # the first user made

    def test_an_unknown_recipient_is_refused_by_name(self):
        for port in ("smtp", "lmtp"):
            with self.subTest(port), self.mail.dialogue(port) as s:
                s.reply("220")
                s.ask(("LHLO" if port == "lmtp" else "EHLO") + " client.example.com", "250")
                s.ask("MAIL FROM:<someone@example.com>", "250")
                s.ask(f"RCPT TO:<nobody.here@{DOMAIN}>", r"550 5\.1\.1")
                s.ask(f"RCPT TO:<{address('bob')}>", "250")
        client = self.mail.submission("alice")
        with client, self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail(address("alice"), [address("nobody.here")], message())
        code, text = refused.exception.recipients[address("nobody.here")]
        self.assertEqual((code, text[:5]), (550, b"5.1.1"))

    def test_relaying_is_refused_to_strangers(self):
        for recipient in ("someone@example.com", f"someone%example.com@{DOMAIN}", "@example.org:a@example.com"):
            with self.subTest(recipient), self.mail.dialogue("smtp") as s:
                s.reply("220")
                s.ask("EHLO client.example.com", "250")
                s.ask(f"MAIL FROM:<{address('alice')}>", "250")
                s.ask(f"RCPT TO:<{recipient}>", r"55\d 5\.")
                s.ask("DATA", "5")

    def test_mail_for_other_domains_is_taken_on_submission(self):
        with self.mail.submission("alice") as client:
            client.mail(address("alice"))
            code, text = client.rcpt("someone@example.com")
            self.assertEqual(code, 250, text)
            client.rset()

    def test_submission_wants_tls_a_login_and_the_right_password(self):
        with self.mail.dialogue("submission") as s:
            s.reply("220")
            said = s.ask("EHLO client.example.com", "250")
            self.assertIn("STARTTLS", {line[4:] for line in said})
            self.assertFalse([line for line in said if "AUTH" in line], "no AUTH before TLS")
            s.ask(f"MAIL FROM:<{address('alice')}>", r"530 5\.7\.0")  # RFC 3207 §4
            s.ask("STARTTLS", "220")
            s.starttls(self.mail.tls())
            said = s.ask("EHLO client.example.com", "250")
            self.assertTrue([line for line in said if re.match("250.AUTH .*PLAIN", line)], said)
            s.ask(f"MAIL FROM:<{address('alice')}>", r"530 5\.7\.0")  # RFC 4954 §6
        with self.mail.submission("alice") as client, self.assertRaises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail(address("bob"), [address("bob")], message())  # not alice's address
        self.assertEqual(refused.exception.smtp_code, 553)
        with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
            client = smtplib.SMTP_SSL(HOST, self.mail.port("submissions"), context=self.mail.tls())
            with client:
                client.login(address("alice"), "wrong")
        self.assertEqual(refused.exception.smtp_code, 535)

    # Reading

    def test_imap_and_pop3_show_the_same_octets(self):
        sent = message("For every reader", b"One.\r\n.Two\r\n")
        self.mail.deliver(sent, "dave")
        stored = self.mail.find("dave", sent)
        assert_same_message(self, stored, sent)

        for implicit in (False, True):
            with self.subTest(implicit_tls=implicit):
                client = self.mail.imap("dave", implicit)
                self.assertEqual(list(support.fetch_messages(client).values()), [stored])
                size = must(client.fetch("1", "(RFC822.SIZE)"))[0]
                self.assertIn(b"RFC822.SIZE %d" % len(stored), size)
                client.logout()

                client = self.mail.pop3("dave", implicit)
                self.assertEqual(client.stat(), (1, len(stored)))
                self.assertEqual(b"\r\n".join(client.retr(1)[1]) + b"\r\n", stored)
                client.quit()

        with self.subTest("curl"):
            self.assertEqual(self.curl("imaps", "imaps", "INBOX;MAILINDEX=1", user="dave"), stored)
            self.assertEqual(self.curl("imap", "imap", "INBOX;MAILINDEX=1", user="dave"), stored)
            self.assertEqual(self.curl("pop3s", "pop3s", "1", user="dave"), stored)
            self.assertEqual(self.curl("pop3", "pop3", "1", user="dave"), stored)

    def test_passwords_are_not_taken_without_tls(self):
        with self.mail.dialogue("imap") as s:
            self.assertIn("LOGINDISABLED", s.expect(r"\* OK"))
            s.send(f"a LOGIN {address('alice')} {password('alice')}")
            s.tagged("a", "NO .PRIVACYREQUIRED")
        with self.mail.dialogue("pop3") as s:
            s.expect(r"\+OK")
            s.send(f"USER {address('alice')}")
            s.expect("-ERR")
        client = poplib.POP3(HOST, self.mail.port("pop3"), timeout=support.PATIENCE_S)
        client.stls(self.mail.tls())
        client.user(address("alice"))
        with self.assertRaisesRegex(poplib.error_proto, r"-ERR \[AUTH\]"):
            client.pass_("wrong")
        client.close()

    def test_pop3_deletes_what_it_was_told_to_at_quit(self):
        for subject in ("first", "second", "third"):
            sent = message(subject)
            self.mail.deliver(sent, "erin")
            self.mail.find("erin", sent)
        client = self.mail.pop3("erin", implicit=True)
        identifiers = [line.split()[1] for line in client.uidl()[1]]
        self.assertEqual(len(set(identifiers)), 3)
        self.assertIn(b"Subject: second", client.top(2, 0)[1])
        client.dele(2)
        client.rset()
        client.dele(1)
        client.dele(3)
        client.quit()
        client = self.mail.pop3("erin")
        self.assertEqual([line.split() for line in client.uidl()[1]], [[b"1", identifiers[1]]])
        client.dele(1)
        client.close()  # without QUIT nothing is deleted (RFC 1939 §6)
        client = self.mail.pop3("erin")
        self.assertEqual(client.stat()[0], 1)
        client.quit()

    @needs("mbsync")
    def test_mbsync_pulls_a_mailbox_and_then_finds_nothing_new(self):
        sent = [message(f"For mbsync {i}", b".\r\n" * i) for i in range(5)]
        with logged_in(self.mail, "frank") as client:
            must(client.create("Lists"))
            for octets in sent:
                must(client.append("Lists", r"(\Seen)", None, octets))
        maildir = self.folder / "frank"
        maildir.mkdir()
        settings = self.file(
            "mbsyncrc",
            f"""IMAPAccount there
            Host localhost
            Port {self.mail.port("imaps")}
            User {address("frank")}
            Pass {password("frank")}
            SSLType IMAPS
            CertificateFile {self.mail.certificate}

            IMAPStore there
            Account there

            MaildirStore here
            Path {maildir}/
            Inbox {maildir}/INBOX
            SubFolders Verbatim

            Channel all
            Far :there:
            Near :here:
            Patterns *
            Create Near
            SyncState *
            """.replace("            ", ""),
        )
        mbsync = ("mbsync", "--config", settings, "--debug-net", "all")  # which shows the whole conversation
        first = self.call(*mbsync)
        self.assertIn(b"BODY.PEEK[]", first)
        pulled = [file.read_bytes() for file in sorted(maildir.glob("Lists/*/*:2,S"))]
        self.assertEqual(sorted(map(maildir_content, pulled)), sorted(map(unix_lines, sent)), first)
        second = self.call(*mbsync)
        self.assertIn(b"SELECT", second)
        self.assertNotRegex(second, rb">>> \d+ (UID FETCH .*BODY|UID STORE|APPEND|EXPUNGE|CREATE)")

        # A flag set here appears there.
        one = next(maildir.glob("Lists/*/*:2,S"))
        one.rename(one.with_name(one.name.replace(":2,S", ":2,FS")))
        self.call(*mbsync)
        with logged_in(self.mail, "frank") as client:
            must(client.select("Lists", readonly=True))
            self.assertEqual(len(must(client.search(None, "FLAGGED"))[0].split()), 1)

    @needs("fetchmail")
    def test_fetchmail_hands_each_message_to_its_program(self):
        sent = [message(f"For fetchmail {i}", b"Body.\r\n..\r\n", recipient="carol") for i in range(3)]
        for octets in sent:
            self.mail.deliver(octets, "heidi")
            self.mail.find("heidi", octets)
        for protocol, port in (("imap", "imaps"), ("pop3", "pop3s")):
            with self.subTest(protocol):
                inbox = self.folder / ("fetched-by-" + protocol)
                inbox.mkdir()
                program = self.file("deliver", f"#!/bin/sh\nexec cat > $(mktemp {inbox}/XXXXXX)\n", 0o700)
                settings = self.file(
                    "fetchmailrc",
                    f"poll {HOST} protocol {protocol} port {self.mail.port(port)} uidl\n"
                    f'  user "{address("heidi")}" password "{password("heidi")}"\n'
                    f"  ssl sslcertck sslcertfile {self.mail.certificate} sslcommonname {HOSTNAME}\n"
                    f'  fetchall keep no rewrite mda "{program}"\n',
                )
                ids = self.folder / ("ids-" + protocol)
                self.call(
                    *("fetchmail", "--fetchmailrc", settings, "--idfile", ids, "--invisible"),
                    FETCHMAILHOME=str(self.folder),
                )
                fetched = [file.read_bytes() for file in inbox.iterdir()]
                for octets in sent:
                    whole = [f for f in fetched if support.message_id(f) == support.message_id(octets)]
                    self.assertEqual(len(whole), 1)
                    self.assertTrue(whole[0].endswith(unix_lines(octets).partition(b"\n\n")[2]))

    # Changing

    def test_a_flag_set_in_one_session_is_seen_in_another(self):
        sent = message("To be flagged")
        self.mail.deliver(sent, "carol")
        self.mail.find("carol", sent)
        with logged_in(self.mail, "carol") as here, logged_in(self.mail, "carol", implicit=True) as there:
            must(here.select())
            must(there.select())
            (number,) = must(here.search(None, "HEADER", "Message-ID", support.message_id(sent)))[0].split()
            there.untagged_responses.clear()
            must(here.store(number, "+FLAGS", r"(\Flagged \Answered $Forwarded)"))

            def flags_over_there():
                must(there.noop())
                told = b" ".join(item for item in there.untagged_responses.get("FETCH", []) if item)
                return rb"\Flagged" in told and told

            told = support.wait_until(flags_over_there, "the other session is told of the flags")
            self.assertIn(rb"\Answered", told)
            self.assertIn(b"$Forwarded", told)
            must(here.store(number, "-FLAGS", r"(\Flagged)"))
            support.wait_until(
                lambda: number not in must(there.search(None, "FLAGGED"))[0].split(), "the flag is gone over there"
            )

    def test_append_copy_move_and_expunge(self):
        with logged_in(self.mail, "grace") as client:
            for name in ("Work", "Old"):
                must(client.create(name))
            sent = [message(f"Appended {i}", b"8 bits: \xc3\xa4\r\n" * i) for i in range(4)]
            for octets in sent:
                must(client.append("Work", r"(\Draft)", '"21-Feb-2024 03:04:05 +0100"', octets))
            before = support.fetch_messages(client, "Work")
            self.assertEqual(list(before.values()), sent)  # APPEND adds nothing

            must(client.select("Work"))
            data = must(client.fetch("2", "(FLAGS INTERNALDATE)"))[0]
            self.assertIn(rb"\Draft", data)
            self.assertIn(b'"21-Feb-2024 03:04:05 +0100"', data)

            must(client.copy("1:2", "Old"))
            self.assertEqual(list(support.fetch_messages(client, "Old").values()), sent[:2])
            must(client.select("Work"))
            must(client._simple_command("MOVE", "3", "Old"))
            self.assertEqual(list(support.fetch_messages(client, "Old").values()), sent[:3])
            self.assertEqual(list(support.fetch_messages(client, "Work").values()), [sent[0], sent[1], sent[3]])

            must(client.select("Work"))
            must(client.store("1,3", "+FLAGS", r"(\Deleted)"))
            self.assertEqual(len(must(client.expunge())), 2)
            uids = support.fetch_messages(client, "Work")
            self.assertEqual(list(uids.values()), [sent[1]])
            self.assertEqual(list(uids), [sorted(before)[1]])  # a message keeps its UID
            self.assertEqual(client.copy("1", "Nowhere")[0], "NO")
            self.assertIn(b"TRYCREATE", client.copy("1", "Nowhere")[1][0])

    def test_mailboxes_are_made_renamed_and_deleted(self):
        with logged_in(self.mail, "grace") as client:
            must(client.create("Projects/2024"))
            must(client.append("Projects/2024", None, None, message("Kept")))
            must(client.rename("Projects", "Done"))
            names = [line.split()[-1].strip(b'"') for line in must(client.list('""', '"Done*"'))]
            self.assertEqual(sorted(names), [b"Done", b"Done/2024"])
            self.assertEqual(len(support.fetch_messages(client, "Done/2024")), 1)
            must(client.unselect())
            must(client.delete("Done/2024"))
            self.assertEqual(client.select("Done/2024")[0], "NO")

    def test_a_new_message_wakes_an_idling_client(self):
        with self.mail.dialogue("imaps") as s:
            s.expect(r"\* OK")
            s.send(f"a LOGIN {address('frank')} {password('frank')}")
            s.tagged("a")
            s.send("b SELECT INBOX")
            exists = next(int(line.split()[1]) for line in s.tagged("b") if line.endswith(" EXISTS"))
            s.send("c IDLE")
            s.expect(r"\+")
            self.mail.deliver(message("Wake up"), "frank")
            s.expect(rf"\* {exists + 1} EXISTS")
            s.send("DONE")
            s.tagged("c")


@contextlib.contextmanager
def logged_in(mail, user, implicit=False):
    client = mail.imap(user, implicit)
    try:
        yield client
    finally:
        with contextlib.suppress(OSError, client.abort):
            client.logout()


def dot_stuffed(octets):
    return re.sub(rb"^\.", b"..", octets, flags=re.MULTILINE)


def unix_lines(octets):
    return octets.replace(b"\r\n", b"\n")


def maildir_content(octets):
    """Without mbsync's own mark."""
    return re.sub(rb"^X-TUID: .*\n", b"", octets, flags=re.MULTILINE)


if __name__ == "__main__":
    unittest.main()
