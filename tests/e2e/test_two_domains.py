"""Mail between domains as on the Internet: two installations, a real name server, and what can go wrong between."""

import email.utils
import os
import re
import shutil
import signal
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from internet import MX, Internet, InternetTest
from support import HOST, assert_same_message, password, wait_until

HOSTS = {
    "north": "127.0.0.2",
    "south": "127.0.0.3",
    "hasty": "127.0.0.4",  # gives up soon
    "late": "127.0.0.7",
    "scripted": "127.0.0.8",
    "dead": "127.0.0.9",  # where nobody listens
}

# 50 hosts are more than 1,232 octets hold, which is what a UDP answer is asked to have at most.
LARGE = "".join(f"large MX 20 spare-{i}.with-a-name-that-takes-some-room-in-an-answer.large\n" for i in range(50))

RECORDS = f"""
north MX 10 mail.north
south MX 5 mail.dead
south MX 10 mail.south
hasty MX 10 mail.hasty
large MX 10 mail.south
{LARGE}
alias CNAME south
lmtp MX 10 mail.dead
smart MX 10 mail.scripted
scripted MX 10 mail.scripted
late MX 10 mail.late
down MX 10 mail.dead
nullmx MX 0 .
hostless MX 10 nobody.hostless
circle MX 10 mail.north
backup MX 10 mail.dead
backup MX 20 mail.north
"""


def by_client(sender, recipient, subject="A message", body=b"Hello.\r\n", fields=b""):
    return support.message(subject, body, sender.partition("@")[0], recipient.partition("@")[0], fields)


class TwoDomains(InternetTest):
    @classmethod
    def setUpClass(cls):
        cls.internet = cls.enterClassContext(Internet(HOSTS, RECORDS))
        cls.north = cls.internet.station("north", ("alice", "anna"))
        cls.south = cls.internet.station("south", ("bob", "carol", "relay"), {"listen.lmtp_port": True})
        cls.scripted = cls.internet.scripted_host("scripted")
        cls.stations = cls.north, cls.south
        for domain in ("large.test", "alias.test", "lmtp.test"):
            cls.south.run("domain", "add", domain)
            cls.south.run("alias", "add", f"bob@{domain}", "bob@south.test")

    def setUp(self):
        self.scripted.replies = {}

    def tearDown(self):
        for station in self.stations:
            for entry in station.queue():  # what a failed test has left
                station.try_run("queue", "drop", entry["entry"])

    def assert_about_a_message(self, report, sent, sender="alice"):
        """What is the same in every report: the envelope and the fields per message (RFC 3464 §2.2)."""
        station = self.north
        self.assertEqual(report.header["Return-Path"], "<>")  # RFC 3461 §6.1
        self.assertEqual(report.header["To"].addresses[0].addr_spec, station.address(sender))
        self.assertTrue(report.header["Auto-Submitted"].startswith("auto-"), report.header["Auto-Submitted"])
        self.assertTrue(report.header["Message-ID"] and report.header["Date"] and report.header["Subject"])
        arrived = email.utils.parsedate_to_datetime(report.message["Arrival-Date"]).timestamp()
        said = email.utils.parsedate_to_datetime(email.message_from_bytes(sent)["Date"]).timestamp()
        self.assertLess(abs(arrived - said), support.PATIENCE_S)
        self.assertEqual(report.returned["Subject"], email.message_from_bytes(sent)["Subject"])
        self.assertIn(b"Received", report.octets)

    def assert_no_report(self, user, sent):
        """After all mail has gone: whoever is told of a message is told in the same change of the queue."""
        self.north.wait_for_empty_queue()
        self.south.wait_for_empty_queue()
        self.assertEqual(self.north.reports(user, sent), [])

    # The journey

    def test_a_message_crosses_and_is_deleted_on_the_other_side(self):
        sent = by_client("alice", "bob", body=b"Line.\r\n.\r\n..\r\n" + b"x" * 998 + b"\r\n")
        idle = self.enterContext(self.south.dialogue("imaps"))
        idle.expect(r"\* OK")
        idle.send(f"a LOGIN carol@south.test {password('carol')}")
        idle.tagged("a")
        idle.send("b SELECT INBOX")
        idle.tagged("b")
        idle.send("c IDLE")
        idle.expect(r"\+")
        self.north.submit_as("alice", sent, ["carol@south.test"])
        idle.expect(r"\* 1 EXISTS")
        stored = self.south.find("carol", sent)
        assert_same_message(self, stored, sent)
        self.assertTrue(stored.startswith(b"Return-Path: <alice@north.test>\r\n"), stored[:80])
        hops = re.findall(rb"^Received: from .*?\r\n(?=\S)", stored, re.MULTILINE | re.DOTALL)
        self.assertEqual(len(hops), 2, stored[:1000])
        self.assertRegex(hops[0], rb"(?s)from mail\.north\.test .*by mail\.south\.test.*with E?SMTPS")  # by STARTTLS
        self.assertRegex(hops[1], rb"(?s)by mail\.north\.test.*with E?SMTPSA")  # RFC 3848

        pop3 = self.south.pop3("carol")
        self.assertEqual(pop3.stat()[0], 1)
        self.assertEqual(b"\r\n".join(pop3.retr(1)[1]) + b"\r\n", stored)
        pop3.dele(1)
        pop3.quit()
        heard = []
        wait_until(lambda: heard.append(idle.line()) or "* 1 EXPUNGE" in heard, "the idling client hears of it")
        idle.send("DONE")
        idle.tagged("c")
        self.assertEqual(self.south.messages("carol"), {})

    @unittest.skipUnless(shutil.which("swaks"), "swaks is not installed")
    def test_swaks_sends_to_the_other_domain(self):
        sent = by_client("alice", "bob", "By swaks")
        with tempfile.NamedTemporaryFile(dir="/var/tmp") as file:
            file.write(sent + b".\r\n")
            file.flush()
            done = support.execute(
                *("swaks", "--server", self.north.host, "--port", self.north.port("submission"), "--tls"),
                *("--auth", "PLAIN", "--auth-user", "alice@north.test", "--auth-password", password("alice")),
                *("--from", "alice@north.test", "--to", "bob@south.test"),
                *("--no-data-fixup", "--data", "@" + file.name),
            )
        if "TLS not available" in done.stderr + done.stdout:
            self.skipTest("swaks has no TLS: Net::SSLeay (libnet-ssleay-perl) is not installed")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        assert_same_message(self, self.south.find("bob", sent), sent)

    def test_large_and_eight_bit_messages_cross_as_they_are(self):
        for name, line in (("large", b"0123456789abcdef" * 4 + b"\r\n"), ("8-bit", "Grüße\r\n".encode())):
            with self.subTest(name):
                sent = by_client("alice", "bob", name, line * 60_000)
                self.north.submit_as("alice", sent, ["bob@south.test"], "BODY=8BITMIME")
                assert_same_message(self, self.south.find("bob", sent), sent)

    def test_one_message_for_both_domains(self):
        sent = by_client("alice", "anna")
        self.north.submit_as("alice", sent, ["anna", "bob@south.test", "carol@south.test"])
        for station, user in ((self.north, "anna"), (self.south, "bob"), (self.south, "carol")):
            assert_same_message(self, station.find(user, sent), sent)
        self.assert_no_report("alice", sent)

    def test_an_answer_comes_back(self):
        sent = by_client("bob", "alice", "Back")
        self.south.submit_as("bob", sent, ["alice@north.test"])
        assert_same_message(self, self.north.find("alice", sent), sent)

    # Where mail goes, and how it ends

    def test_each_destination_ends_as_the_rfcs_say(self):
        self.assertTrue(self.internet.name_server.is_truncated("large.test", MX))
        self.assertFalse(self.internet.name_server.is_truncated("south.test", MX))
        self.scripted.replies = {"RCPT": "550-5.7.1 Not\n550 5.7.1 for you"}
        failures = {  # status, Remote-MTA, Diagnostic-Code
            "nobody@south.test": ("5.1.1", "mail.south.test", r"smtp; 550 5\.1\.1 "),
            "x@scripted.test": ("5.7.1", "mail.scripted.test", r"smtp; 550 5\.7\.1 Not for you$"),
            "x@nullmx.test": ("5.1.10", None, r"x-posthaste; .*does not accept mail"),  # RFC 7505 §4.1
            "x@nowhere.test": ("5.1.2", None, r"x-posthaste; .*does not exist"),  # RFC 3463 §3.2
            "x@hostless.test": ("5.4.4", None, r"x-posthaste; .*address"),
            "x@circle.test": ("5.4.6", None, r"x-posthaste; .*loops back"),  # RFC 5321 §5.1
        }
        arrivals = ["bob@south.test", "bob@large.test", "bob@alias.test"]
        # One recipient each: at the other side all three are Bob, who gets one copy of a message.
        arriving = {address: by_client("alice", "bob", f"To {address}") for address in arrivals}
        for address, sent in arriving.items():
            self.north.submit_as("alice", sent, [address])
        failing = by_client("alice", "bob", "To many", b"Text.\r\n")
        trace = self.north.submit_as("alice", failing, ["carol@south.test", *failures])

        for address, sent in arriving.items():
            with self.subTest(address):
                assert_same_message(self, self.south.find("bob", sent), sent)
        assert_same_message(self, self.south.find("carol", failing), failing)
        reports = self.north.wait_for_report("alice", failing, *failures)
        self.assertEqual(set(reports), set(failures))
        for address, (report, fields) in reports.items():
            status, host, diagnostic = failures[address]
            with self.subTest(address):
                self.assert_about_a_message(report, failing)
                self.assertEqual(report.message["Reporting-MTA"], "dns; mail.north.test")
                self.assertNotIn("Original-Envelope-Id", report.message)
                self.assertEqual(fields["Final-Recipient"], "rfc822;" + address)
                self.assertNotIn("Original-Recipient", fields)
                self.assertEqual(fields["Action"], "failed")
                self.assertEqual(fields["Status"], status)
                self.assertEqual(fields["Remote-MTA"], f"dns; {host}" if host else None)
                self.assertRegex(re.sub(r"\r?\n ", " ", fields["Diagnostic-Code"]), diagnostic)
                self.assertEqual(fields["Final-Log-ID"], trace)
                self.assertNotIn("Will-Retry-Until", fields)
                self.assertIn(address, report.text)
                self.assertEqual(report.returned_type, "message/rfc822")
                self.assertIn("Text.", report.returned.get_content())
        self.north.wait_for_empty_queue()

    def test_the_envelope_s_wishes_are_honoured(self):
        # RFC 3461 §4: NOTIFY, ORCPT, RET and ENVID.
        ask = by_client("alice", "x", "Asks", b"Not to be seen.\r\n")
        recipients = [
            ("x@nullmx.test", "NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;x+2Bheard@nullmx.test"),
            ("silent@nullmx.test", "NOTIFY=NEVER"),
            ("success@nullmx.test", "NOTIFY=SUCCESS"),
        ]
        self.north.submit_as("alice", ask, recipients, "RET=HDRS", "ENVID=QQ+2B314")
        reports = self.north.wait_for_report("alice", ask, "x@nullmx.test")
        self.assertEqual(list(reports), ["x@nullmx.test"])
        report, fields = reports["x@nullmx.test"]
        self.assert_about_a_message(report, ask)
        self.assertEqual(report.message["Original-Envelope-Id"], "QQ+314")
        self.assertEqual(fields["Original-Recipient"], "rfc822;x+heard@nullmx.test")
        self.assertEqual(fields["Action"], "failed")
        self.assertEqual(report.returned_type, "text/rfc822-headers")
        self.assertNotIn(b"Not to be seen", report.octets)

        whole = by_client("alice", "x", "Asks for all", b"To be seen.\r\n")
        self.north.submit_as("alice", whole, ["x@nullmx.test"], "RET=FULL")
        report, _ = self.north.wait_for_report("alice", whole, "x@nullmx.test")["x@nullmx.test"]
        self.assertIn("To be seen.", report.returned.get_content())
        self.assertEqual(len(self.north.reports("alice", ask)), 1)

    def test_success_is_told_by_who_delivers_or_by_the_last_who_can(self):
        sent = by_client("alice", "bob", "Tell me")
        recipients = [
            ("anna", "NOTIFY=SUCCESS", "ORCPT=rfc822;anna@north.test"),
            ("bob@south.test", "NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;robert@south.test"),
            ("x@scripted.test", "NOTIFY=SUCCESS"),  # which offers no DSN (RFC 3461 §5.2.2)
        ]
        self.north.submit_as("alice", sent, recipients, "ENVID=all-of-them")
        for address, action, reporter in (
            ("anna@north.test", "delivered", "mail.north.test"),
            ("bob@south.test", "delivered", "mail.south.test"),
            ("x@scripted.test", "relayed", "mail.north.test"),
        ):
            with self.subTest(address):
                reports = self.north.wait_for_report("alice", sent, address, action=action)
                report, fields = reports[address]
                self.assert_about_a_message(report, sent)
                self.assertEqual(report.message["Reporting-MTA"], "dns; " + reporter)
                self.assertEqual(report.message["Original-Envelope-Id"], "all-of-them")
                self.assertRegex(fields["Status"], r"^2\.")
                self.assertEqual(report.returned_type, "text/rfc822-headers")  # RFC 3461 §4.3
        self.assertEqual(reports[address][1]["Remote-MTA"], "dns; mail.scripted.test")
        bob = self.north.wait_for_report("alice", sent, "bob@south.test", action="delivered")["bob@south.test"][1]
        self.assertEqual(bob["Original-Recipient"], "rfc822;robert@south.test")
        self.north.wait_for_empty_queue()
        self.assertEqual(len(self.north.reports("alice", sent)), 3)

    def test_an_alias_leads_to_the_other_domain(self):
        self.north.run("alias", "add", "office@north.test", "bob@south.test")
        self.north.run("alias", "add", "former@north.test", "nobody@south.test")
        sent = by_client("alice", "office")
        self.north.submit_as("alice", sent, ["office", "former"])
        assert_same_message(self, self.south.find("bob", sent), sent)
        reports = self.north.wait_for_report("alice", sent, "nobody@south.test")
        _, fields = reports["nobody@south.test"]
        self.assertEqual(fields["Original-Recipient"], "rfc822;former@north.test")
        self.assertEqual(fields["Status"], "5.1.1")

        strangers = by_client("someone", "office", "From a stranger")
        self.north.deliver(strangers, "office")
        stored = self.south.find("bob", strangers)
        assert_same_message(self, stored, strangers)
        self.assertTrue(stored.startswith(b"Return-Path: <someone@example.com>\r\n"))

    def test_of_an_alias_with_several_targets_its_expansion_is_told(self):
        self.north.run("alias", "add", "list@north.test", "anna@north.test", "bob@south.test")
        sent = by_client("alice", "list")
        self.north.submit_as("alice", sent, [("list", "NOTIFY=SUCCESS,FAILURE")])
        reports = self.north.wait_for_report("alice", sent, "list", action="expanded")
        assert_same_message(self, self.north.find("anna", sent), sent)
        assert_same_message(self, self.south.find("bob", sent), sent)
        self.assertEqual(reports["list@north.test"][1]["Status"], "2.0.0")
        self.north.wait_for_empty_queue()
        self.south.wait_for_empty_queue()
        self.assertEqual(len(self.north.reports("alice", sent)), 1)  # RFC 3461 §5.2.7.3 (c)

    def test_strangers_may_not_relay(self):
        with self.north.smtp() as client:
            client.ehlo()
            client.mail("someone@example.com")
            self.assertEqual(client.rcpt("bob@south.test")[0], 550)

    def test_a_loop_over_two_hosts_ends(self):
        self.north.run("alias", "add", "ping@north.test", "pong@south.test")
        self.south.run("alias", "add", "pong@south.test", "ping@north.test")
        sent = by_client("alice", "ping", "Round and round")
        self.north.submit_as("alice", sent, ["ping"])
        # RFC 5321 §6.3: at least 100 Received fields are no loop.
        report, fields = wait_until(
            lambda: next(((r, r.recipients[0]) for r in self.north.reports("alice", sent)), None), "the loop ends"
        )
        self.assertEqual(fields["Status"], "5.4.6")
        self.assertEqual(fields["Action"], "failed")
        self.assertEqual(fields["Original-Recipient"], "rfc822;ping@north.test")
        self.assertEqual(len(report.returned.get_all("Received")), 101)
        self.assert_about_a_message(report, sent)

    # Routes

    def test_a_smarthost_takes_the_mail_of_a_domain(self):
        # Both know the sender: the smarthost lets its user send as nobody else.
        for station, user in ((self.north, "alice"), (self.south, "relay")):
            station.run("domain", "add", "shared.test")
            station.run("alias", "add", "team@shared.test", station.address(user))
        url = f"smtp://relay@south.test@{self.south.host}:{self.south.port('submission')}"
        add_route = "route", "add", "smart.test"
        self.north.run(*add_route, url, "--password-stdin", input="wrong\n")
        sent = by_client("team", "x", "By the smarthost")
        with self.north.submission("alice") as client:
            trace = self.north.send(client, "team@shared.test", ["x@smart.test"], sent)
        self.north.wait_for_attempt(trace, r"4\.7\.5 .*certificate")  # nobody has signed it
        url += "?tls=opportunistic"
        self.north.run(*add_route, url, "--password-stdin", input="wrong\n")
        self.north.wait_for_attempt(trace, r"5\.7\.8")  # put off: it is the operator's mistake
        self.north.run(*add_route, url, "--password-stdin", input=password("relay") + "\n")
        self.north.run("queue", "retry", trace)
        wait_until(lambda: self.scripted.copies(sent), "the smarthost sends it on")
        self.north.wait_for_empty_queue()
        self.south.wait_for_empty_queue()
        ((sender, recipients, octets),) = self.scripted.copies(sent)
        self.assertIn("<team@shared.test>", sender)
        self.assertEqual(["<x@smart.test>" in line for line in recipients], [True])
        assert_same_message(self, octets, sent)
        self.assertRegex(octets.decode(), r"(?s)by mail\.south\.test.*with E?SMTPSA.*by mail\.north\.test")

    def test_an_lmtp_route_leads_into_the_other_s_mailboxes(self):
        self.north.run("route", "add", "lmtp.test", f"lmtp://{HOST}:{self.south.port('lmtp')}")
        sent = by_client("alice", "bob", "By LMTP")
        recipients = [("bob@lmtp.test", "NOTIFY=SUCCESS"), ("nobody@lmtp.test", "NOTIFY=FAILURE")]
        self.north.submit_as("alice", sent, recipients)
        assert_same_message(self, self.south.find("bob", sent), sent)
        for address, action, status in (
            ("bob@lmtp.test", "delivered", r"2\."),
            ("nobody@lmtp.test", "failed", r"5\.1\.1"),
        ):
            report, fields = self.north.wait_for_report("alice", sent, address, action=action)[address]
            self.assert_about_a_message(report, sent)
            self.assertEqual(report.message["Reporting-MTA"], "dns; mail.north.test")
            self.assertRegex(fields["Status"], status)

    # Waiting

    def test_what_is_put_off_is_tried_again_and_delivered_once(self):
        self.scripted.replies = {"RCPT": "451 4.7.1 Greylisted"}
        sent = by_client("alice", "x", "Put off")
        trace = self.north.submit_as("alice", sent, ["x@scripted.test"])
        self.north.wait_for_attempt(trace, "Greylisted")
        self.assertEqual(self.scripted.copies(sent), [])
        self.scripted.replies = {}
        wait_until(lambda: self.scripted.copies(sent), "it is tried again")
        self.assert_no_report("alice", sent)
        self.assertEqual(len(self.scripted.copies(sent)), 1)
        events = [event["event"] for event in self.north.trace(trace)]
        self.assertLess(events.index("queue.recipient.deferred"), events.index("queue.recipient.relayed"))

    def test_a_host_that_was_down_gets_its_mail_when_it_is_back(self):
        sent = by_client("alice", "x", "To one who is down")
        trace = self.north.submit_as("alice", sent, ["x@late.test"])
        entry = self.north.wait_for_attempt(trace, "refused")
        self.assertEqual([r["recipient"] for r in entry["recipients"]], ["x@late.test"])
        late = self.internet.scripted_host("late")
        self.north.run("queue", "retry", "all")  # which forgets who was down
        wait_until(lambda: late.copies(sent), "it is tried again", 10)
        self.assert_no_report("alice", sent)
        self.assertEqual(len(late.copies(sent)), 1)

    def test_no_entry_stays_when_its_last_hosts_answer_at_once(self):
        recipients = [self.north.address("anna"), "bob@south.test", "x@scripted.test", "x@nullmx.test"]
        with self.north.submission("alice") as client:
            for i in range(300):
                sent = by_client("alice", "anna", f"To four hosts, {i}")
                self.north.send(client, "alice@north.test", [(name, "NOTIFY=NEVER") for name in recipients], sent)
        self.north.wait_for_empty_queue()
        self.assertEqual(len(self.scripted.copies(sent)), 1)

    def test_what_is_queued_outlives_the_daemons(self):
        self.scripted.replies = {".": "452 4.3.1 Full"}
        sent = by_client("alice", "x", "To outlive")
        trace = self.north.submit_as("alice", sent, ["x@scripted.test"])
        self.north.wait_for_attempt(trace, "Full")
        self.north.stop()
        self.assertEqual([entry["trace"] for entry in self.north.queue()], [trace])
        self.assertIn("Full", self.north.run("queue", "show", trace))
        done = self.north.try_run("queue", "drop", trace)
        self.assertEqual(done.returncode, 1)
        self.assertIn("smtpd does not answer", done.stderr)
        self.scripted.replies = {}
        self.north.start()
        wait_until(lambda: self.scripted.copies(sent), "it goes on")
        self.assert_no_report("alice", sent)
        self.assertEqual(len(self.scripted.copies(sent)), 1)

    def test_the_operator_holds_releases_and_drops(self):
        self.scripted.replies = {"RCPT": "451 4.7.1 Not now"}
        held, dropped = (by_client("alice", "x", subject) for subject in ("Held", "Dropped"))
        held_trace = self.north.submit_as("alice", held, ["x@scripted.test"])
        dropped_trace = self.north.submit_as("alice", dropped, ["x@scripted.test"])
        for trace in (held_trace, dropped_trace):
            self.north.wait_for_attempt(trace, "Not now")
            self.north.run("queue", "hold", trace)
            wait_until(lambda: self.north.entry(trace)["recipients"][0]["state"] == "held", "it is held")
        self.scripted.replies = {}
        probe = by_client("alice", "x", "Later, and not held")
        self.north.submit_as("alice", probe, ["x@scripted.test"])
        wait_until(lambda: self.scripted.copies(probe), "others go")
        waiting = {held_trace, dropped_trace}
        # Its copy is there before its entry is gone.
        wait_until(lambda: {entry["trace"] for entry in self.north.queue()} == waiting, "it has left the queue")
        listed = {entry["trace"]: entry for entry in self.north.queue()}
        for entry in listed.values():
            self.assertEqual((entry["from"], entry["waiting"]), ("<alice@north.test>", 1))
            self.assertIsNone(entry["next_attempt"])
        self.assertIn("held", self.north.run("queue", "list"))
        self.assertIn("Not now", self.north.run("queue", "show", held_trace))

        self.north.run("queue", "drop", dropped_trace)
        self.north.run("queue", "release", held_trace)
        wait_until(lambda: self.scripted.copies(held), "what is released goes")
        self.assert_no_report("alice", dropped)
        self.assertEqual(self.scripted.copies(dropped), [])
        self.assertEqual(len(self.scripted.copies(held)), 1)
        for command in ("show", "drop", "hold", "release", "retry"):
            self.assertNotEqual(self.north.try_run("queue", command, dropped_trace).returncode, 0, command)

    def test_local_mail_waits_for_deliveryd_and_is_delivered_once(self):
        parent, child = self.south.parent("deliveryd"), self.south.child("deliveryd")
        os.kill(parent, signal.SIGTERM)
        wait_until(lambda: not support.alive(parent) and not support.alive(child), "deliveryd ends")
        try:
            from_north = by_client("alice", "bob", "From afar, meanwhile")
            self.north.submit_as("alice", from_north, ["bob@south.test"])
            at_home = by_client("bob", "carol", "From home, meanwhile")
            trace = self.south.submit_as("bob", at_home, ["carol", "bob"])
            wait_until(lambda: len(self.south.queue()) == 2, "both are queued")
            self.assertEqual(self.south.entry(trace)["from"], "<bob@south.test>")
        finally:
            self.south.start()
        for user, sent in (("bob", from_north), ("bob", at_home), ("carol", at_home)):
            assert_same_message(self, self.south.find(user, sent), sent)
        self.south.wait_for_empty_queue()
        for user, expected in (("bob", 2), ("carol", 1)):
            stored = [support.message_id(octets) for octets in self.south.messages(user).values()]
            ours = [support.message_id(sent) for sent in (from_north, at_home)]
            self.assertEqual(sum(identifier in ours for identifier in stored), expected, user)

    def test_trace_joins_the_message_and_its_report(self):
        sent = by_client("alice", "anna", "Traced")
        trace = self.north.submit_as("alice", sent, ["anna", "x@nullmx.test"])
        self.north.wait_for_report("alice", sent, "x@nullmx.test")
        events = self.north.trace(trace)
        told = [(event["program"], event["event"]) for event in events]
        for expected in (
            ("smtpd", "smtp.message.accepted"),
            ("deliveryd", "lmtp.message.stored"),
            ("smtpd", "queue.recipient.failed"),
            ("smtpd", "queue.notification.added"),
        ):
            self.assertIn(expected, told)
        (report_trace,) = {e["fields"]["trace"] for e in events if e["event"] == "queue.notification.added"}
        stored = [e["fields"]["trace"] for e in events if e["event"] == "lmtp.message.stored"]
        self.assertEqual(sorted(stored), sorted([trace, report_trace]))


class GivingUp(InternetTest):
    """An installation that is told to lose patience after seconds."""

    settings = {"queue.delay_warning_s": 2, "queue.expire_s": 6}

    @classmethod
    def setUpClass(cls):
        cls.internet = cls.enterClassContext(Internet(HOSTS, RECORDS))
        cls.hasty = cls.internet.station("hasty", ("alice",), cls.settings)
        cls.scripted = cls.internet.scripted_host("scripted")
        cls.stations = (cls.hasty,)
        cls.hasty.run("alias", "add", "postmaster@hasty.test", "alice@hasty.test")
        cls.hasty.run("alias", "add", "away@hasty.test", "x@down.test", "x@scripted.test")

    def test_the_sender_is_told_of_the_delay_once_and_then_of_the_end(self):
        self.scripted.replies = {"RCPT": "450 4.2.1 Try later"}
        sent = by_client("alice", "x", "In vain")
        recipients = ["x@down.test", ("y@scripted.test", "NOTIFY=FAILURE"), ("z@scripted.test", "NOTIFY=DELAY")]
        self.hasty.submit_as("alice", sent, recipients)
        delayed = self.hasty.wait_for_report("alice", sent, "x@down.test", "z@scripted.test", action="delayed")
        failed = self.hasty.wait_for_report("alice", sent, "x@down.test", "y@scripted.test")
        self.hasty.wait_for_empty_queue()
        delayed = self.hasty.wait_for_report("alice", sent, "x@down.test", "z@scripted.test", action="delayed")
        self.assertEqual(set(delayed), {"x@down.test", "z@scripted.test"})
        self.assertEqual(set(failed), {"x@down.test", "y@scripted.test"})
        for report, fields in delayed.values():
            self.assertRegex(fields["Status"], r"^4\.")
            until = email.utils.parsedate_to_datetime(fields["Will-Retry-Until"])
            arrived = email.utils.parsedate_to_datetime(report.message["Arrival-Date"])
            self.assertEqual((until - arrived).seconds, 6)
            self.assertEqual(report.returned_type, "text/rfc822-headers")  # RFC 3461 §4.3: RET is for failures
        for report, fields in failed.values():
            self.assertEqual(fields["Status"], "5.4.7")  # RFC 3463 §3.5: delivery time expired
            self.assertNotIn("Will-Retry-Until", fields)
            self.assertEqual(report.header["Return-Path"], "<>")
        self.assertEqual(failed["y@scripted.test"][1]["Diagnostic-Code"], "smtp; 450 4.2.1 Try later")
        self.assertEqual(failed["y@scripted.test"][1]["Remote-MTA"], "dns; mail.scripted.test")
        self.assertIn("refused", failed["x@down.test"][1]["Diagnostic-Code"])

    def test_a_notification_that_fails_is_the_postmaster_s(self):
        self.scripted.replies = {"RCPT": "550 5.1.1 Unknown"}
        sent = by_client("someone", "away", "A bounce")
        self.hasty.deliver(sent, "away", sender="")
        reports = self.hasty.wait_for_report("alice", sent, "x@down.test", "x@scripted.test")
        self.hasty.wait_for_empty_queue()
        for report, _ in reports.values():
            self.assertEqual(report.header["To"].addresses[0].addr_spec, "postmaster@hasty.test")
            self.assertEqual(report.header["Return-Path"], "<>")
        self.assertEqual(reports["x@down.test"][1]["Status"], "5.4.7")


if __name__ == "__main__":
    unittest.main()
