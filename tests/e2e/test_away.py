"""Daemons that are away, come back, are started twice or can't start: what others see and the operator is told."""

import collections
import json
import os
import poplib
import signal
import smtplib
import socket
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import BIN, DAEMONS, DOMAIN, HOST, HOSTNAME
from support import address, assert_same_message, execute, message, must, wait_until


class Away(support.MailTest):
    settings = {"workers.count": 2}

    def tearDown(self):
        self.mail.start()  # whatever a test has stopped

    def end(self, daemon):
        """As a service manager would."""
        pid = self.mail.parent(daemon)
        child = self.mail.child(daemon)
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not support.alive(pid) and not support.alive(child), f"{daemon} ends")

    def try_to_deliver(self, octets):
        """The answer after the message's end."""
        with self.mail.dialogue("smtp") as s:
            s.reply("220")
            s.ask("EHLO client.example.com", "250")
            s.ask("MAIL FROM:<someone@example.com>", "250")
            s.ask(f"RCPT TO:<{address('bob')}>", "250")
            s.ask("DATA", "354")
            s.send(octets + b".\r\n")
            return s.reply()[-1]

    def test_mail_is_queued_while_deliveryd_is_away(self):
        sent = message("First")
        self.mail.deliver(sent, "alice", "bob")
        self.mail.find("bob", sent)
        before = {daemon: self.mail.child(daemon) for daemon in ("smtpd", "imapd", "pop3d")}
        reader = self.mail.imap("bob")
        must(reader.select())
        pop3 = self.mail.pop3("bob")
        count = pop3.stat()[0]

        self.end("deliveryd")
        meanwhile = [message(f"Away {i}") for i in range(3)]
        for octets in meanwhile:
            self.assertRegex(self.try_to_deliver(octets), r"250 2\.")
        wait_until(lambda: len(self.mail.queue()) == 3, "all three are queued")
        self.assertTrue(must(reader.fetch("1", "(BODY.PEEK[])")), "what is there can be read")
        self.assertEqual(reader.store("1", "+FLAGS", r"(\Flagged)")[0], "NO")
        self.assertEqual(reader.append("INBOX", None, None, message("Away"))[0], "NO")
        must(reader.noop())
        other = self.mail.imap("alice")
        other.logout()
        pop3.dele(1)
        with self.assertRaises(poplib.error_proto):  # RFC 1939 §6: some deleted messages not removed
            pop3.quit()
        pop3.close()

        self.assertIn("deliveryd started", self.mail.start())
        sent = message("After")
        self.mail.deliver(sent, "bob")
        for octets in (*meanwhile, sent):
            assert_same_message(self, self.mail.find("bob", octets), octets)
        self.mail.wait_for_empty_queue()
        stored = collections.Counter(map(support.message_id, self.mail.messages("bob").values()))
        self.assertEqual([stored[support.message_id(octets)] for octets in meanwhile], [1, 1, 1], "once each")

        def flagged():
            kind, data = reader.store("1", "+FLAGS", r"(\Flagged)")
            return kind == "OK"

        wait_until(flagged, "imapd goes on by itself")
        self.assertIn(b"1", must(reader.search(None, "FLAGGED"))[0].split())
        reader.logout()
        pop3 = self.mail.pop3("bob")
        self.assertGreater(pop3.stat()[0], count)
        number = pop3.stat()[0]
        pop3.dele(number)
        pop3.quit()
        pop3 = self.mail.pop3("bob")
        self.assertEqual(pop3.stat()[0], number - 1)
        pop3.quit()
        for daemon, pid in before.items():
            self.assertEqual(self.mail.child(daemon), pid, daemon)

    def test_an_idling_client_hears_of_mail_after_deliveryd_came_back(self):
        with self.mail.dialogue("imaps") as s:
            s.expect(r"\* OK")
            s.send(f"a LOGIN {address('alice')} {support.password('alice')}")
            s.tagged("a")
            s.send("b SELECT INBOX")
            s.tagged("b")
            s.send("c IDLE")
            s.expect(r"\+")
            self.end("deliveryd")
            self.mail.start()
            sent = message("After")
            self.mail.deliver(sent, "alice")
            s.expect(r"\* \d+ EXISTS")
            s.send("DONE")
            s.tagged("c")

    def test_a_killed_child_is_restarted_by_its_parent(self):
        for daemon in DAEMONS:
            with self.subTest(daemon):
                parent, child = self.mail.parent(daemon), self.mail.child(daemon)
                os.kill(child, signal.SIGKILL)
                wait_until(lambda: self.mail.child(daemon) != child, f"{daemon} has a new child")
                wait_until(lambda: self.mail.try_run("status").returncode == 0, "all ports answer")
                self.assertEqual(self.mail.parent(daemon), parent)
                self.assertIn("daemon.child.died", (self.mail.folder / f"log/{daemon}.log").read_text())
        sent = message("After four deaths")
        self.mail.deliver(sent, "bob")
        assert_same_message(self, self.mail.find("bob", sent), sent)

    def test_a_killed_parent_takes_its_child_along(self):
        parent, child = self.mail.parent("pop3d"), self.mail.child("pop3d")
        os.kill(parent, signal.SIGKILL)
        wait_until(lambda: not support.alive(child), "the child ends")
        self.assertIn("pop3d started", self.mail.start())

    def test_status_tells_which_daemons_answer(self):
        self.assertEqual(self.mail.try_run("status").returncode, 0)
        told = json.loads(self.mail.run("status", "--json"))
        self.assertEqual(set(told), {*DAEMONS, "databases", "certificates", "disks"})
        self.assertEqual(told["databases"], {name: {"sound": True} for name in ("directory", "store", "queue")})
        for daemon in DAEMONS:
            self.assertTrue(told[daemon]["running"])
            self.assertEqual(told[daemon]["pid"], self.mail.parent(daemon))
            self.assertTrue(told[daemon]["ports"])
            self.assertTrue(all(port["answers"] for port in told[daemon]["ports"]))

        self.end("imapd")
        done = self.mail.try_run("status")
        self.assertEqual(done.returncode, 1)
        self.assertIn("imapd does not run", done.stdout)
        done = self.mail.try_run("status", "--json")
        self.assertEqual(done.returncode, 1)
        told = json.loads(done.stdout)
        self.assertEqual({daemon for daemon in DAEMONS if not told[daemon]["running"]}, {"imapd"})

    def test_starting_and_stopping_twice_is_harmless(self):
        before = self.mail.children()
        again = self.mail.start()
        self.assertEqual(again.count("runs already"), 4, again)
        self.assertEqual(self.mail.children(), before)
        done = execute(BIN / "smtpd", "-C", self.mail.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("runs already", done.stderr)

        self.assertEqual(self.mail.stop().count(" stopped"), 4)
        self.assertEqual(self.mail.processes(), [])
        self.assertEqual(self.mail.stop().count("did not run"), 4)
        self.assertEqual(self.mail.try_run("status").returncode, 1)

    def test_stop_says_goodbye_to_those_who_are_connected(self):
        smtp, imap, pop3 = (self.enterContext(self.mail.dialogue(port)) for port in ("smtp", "imap", "pop3"))
        smtp.reply("220")
        imap.expect(r"\* OK")
        pop3.expect(r"\+OK")
        self.mail.stop()
        smtp.reply(r"421 4\.3\.2")  # RFC 5321 §3.8
        imap.expect(r"\* BYE")
        pop3.expect("-ERR")
        for s in (smtp, imap, pop3):
            self.assertEqual(s.expect_end(), [])

    def test_a_port_in_use_is_named_and_nothing_is_left_running(self):
        self.mail.stop()
        for name in ("imaps", "smtp", "lmtp"):
            with self.subTest(name), socket.socket() as squatter:
                squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                squatter.bind((HOST, self.mail.port(name)))
                squatter.listen()
                done = self.mail.try_run("start")
                self.assertEqual(done.returncode, 1)
                self.assertIn(str(self.mail.port(name)), done.stderr)
                self.assertRegex(done.stderr, "(?i)in use")
                self.assertEqual(self.mail.processes(), [])
        self.mail.start()

    def test_wrong_configuration_is_told_by_line_with_a_suggestion(self):
        right = self.mail.configuration.read_text()
        self.mail.run("config", "check")
        wrong = right.replace("idle_timeout_s = 1800", "idle_timeot_s = 1800")
        wrong = wrong.replace("io_threads = 4", 'io_threads = "4"')
        wrong += "\n[smpt]\nx = 1\n"
        try:
            self.mail.configuration.write_text(wrong)
            done = self.mail.try_run("config", "check")
            self.assertEqual(done.returncode, 1)
            lines = wrong.split("\n")
            told = done.stderr + done.stdout
            for line, words in (
                ("idle_timeot_s = 1800", ("idle_timeot_s", 'did you mean "idle_timeout_s"')),
                ('io_threads = "4"', ("io_threads", "1 to 1024")),
                ("[smpt]", ("smpt", 'did you mean "smtp"')),
            ):
                number = lines.index(line) + 1
                (about,) = [text for text in told.split("\n") if f":{number}:" in text or f"line {number}" in text]
                for word in words:
                    self.assertIn(word, about)
            self.assertEqual(self.mail.try_run("start").returncode, 1)
        finally:
            self.mail.configuration.write_text(right)

    def test_a_second_init_changes_nothing(self):
        before = self.mail.configuration.read_bytes(), self.mail.certificate.read_bytes()
        done = execute(BIN / "posthaste", "init", self.mail.folder, "--domain", "example.net")
        self.assertEqual(done.returncode, 1)
        self.assertIn("already", done.stderr)
        self.assertEqual((self.mail.configuration.read_bytes(), self.mail.certificate.read_bytes()), before)
        self.assertIn(DOMAIN, self.mail.run("domain", "list"))

    def test_wrong_commands_are_refused(self):
        for arguments in (
            ("user", "add", "no-address", "--password-stdin"),
            ("user", "add", address("alice"), "--password-stdin"),
            ("user", "add", "x@other.example", "--password-stdin"),
            ("user", "delete", address("nobody.here")),
            ("domain", "delete", DOMAIN),
            ("domain", "add", "-"),
            ("alias", "delete", address("nobody.here")),
            ("frobnicate",),
            (),
        ):
            with self.subTest(arguments):
                done = self.mail.try_run(*arguments, input="secret\n")
                self.assertNotEqual(done.returncode, 0)
                self.assertTrue(done.stderr, "it says why")
        with self.subTest("no installation"):
            done = execute(BIN / "posthaste", "-C", self.mail.top, "status")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("posthaste.toml", done.stderr)

    def test_accounts_change_while_the_daemons_run(self):
        mail = self.mail
        mail.run("user", "add", address("judy"), "--password-stdin", input="one\n")
        self.assertIn(address("judy"), mail.run("user", "list"))
        sent = message("Welcome")
        mail.deliver(sent, "judy")
        client = poplib.POP3_SSL(HOST, mail.port("pop3s"), context=mail.tls())
        client.user(address("judy"))
        client.pass_("one")
        client.quit()
        mail.run("user", "password", address("judy"), "--password-stdin", input="two\n")
        tls = mail.tls()
        with smtplib.SMTP_SSL(HOST, mail.port("submissions"), context=tls) as client:
            with self.assertRaises(smtplib.SMTPAuthenticationError):
                client.login(address("judy"), "one")
        with smtplib.SMTP_SSL(HOST, mail.port("submissions"), context=tls) as client:
            client.login(address("judy"), "two")
        mail.run("alias", "add", address("helpdesk"), address("judy"))
        mail.deliver(message("For the alias"), "helpdesk")
        mail.run("user", "delete", address("judy"))
        with mail.dialogue("smtp") as s:
            s.reply("220")
            s.ask("EHLO client.example.com", "250")
            s.ask("MAIL FROM:<>", "250")
            s.ask(f"RCPT TO:<{address('judy')}>", r"550 5\.1\.1")

    def test_a_new_certificate_is_taken_without_a_restart(self):
        before = self.mail.children()
        old = self.mail.certificate.read_bytes()
        key = self.mail.folder / "tls/key.pem"
        fresh = self.mail.top / "fresh"
        fresh.mkdir()
        done = execute(
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", "/CN=" + HOSTNAME, "-addext", f"subjectAltName=DNS:{HOSTNAME},IP:{HOST}"),
            *("-days", "30", "-keyout", fresh / "key.pem", "-out", fresh / "cert.pem"),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        owner = key.stat()
        for name, place in (("key.pem", key), ("cert.pem", self.mail.certificate)):
            if os.geteuid() == 0:
                os.chown(fresh / name, owner.st_uid, owner.st_gid)
            os.chmod(fresh / name, owner.st_mode & 0o777)
            os.replace(fresh / name, place)
        self.assertNotEqual(self.mail.certificate.read_bytes(), old)

        def taken():
            for port in ("submissions", "imaps", "pop3s"):
                try:
                    self.mail.dialogue(port).close()  # which trusts the new certificate alone
                except OSError:
                    return False
            return True

        wait_until(taken, "the daemons show the new certificate")
        self.assertEqual(self.mail.children(), before)


if __name__ == "__main__":
    unittest.main()
