"""One address, or many at once, takes what it likes: others, and who is logged in, find their places all the same."""

import contextlib
import re
import time
import unittest

from support import HOST, Dialogue, Installation, LoggedTest, address, message, open_files, wait_until

CROWD = "127.0.7.7"  # not 127.0.0.1, which is trusted
NEIGHBOUR = "127.0.7.8"  # in its network
STRANGER = "127.0.8.1"
OTHERS = [f"127.1.{i}.1" for i in range(200)]  # each in a network of its own

PLACES = 40
SHARE = 10
SHARE_OF_NETWORK = 15


class CrowdTest(LoggedTest):
    settings = {
        "smtp.connections_max": PLACES,
        "imap.connections_max": PLACES,
        "pop3.connections_max": PLACES,
        "clients.connections_per_address_max": SHARE,
        "clients.connections_per_network_max": SHARE_OF_NETWORK,
        "submission.connections_per_user_max": 3,
    }

    def setUp(self):
        self.mail = self.enterContext(Installation(settings=self.settings))
        self.mail.start()
        self.open = self.enterContext(contextlib.ExitStack())

    def connect(self, port, source, tls=None):
        return self.open.enter_context(Dialogue(self.mail.port(port), tls=tls, source=(source, 0)))

    def greeted(self, port, source):
        """Whether a connection from there is served, which stays open then."""
        client = self.connect(port, source)
        line = client.line()
        self.assertIsNotNone(line)
        return line.startswith(("220 ", "* OK", "+OK"))

    def served(self, port, source, tries):
        return sum(self.greeted(port, source) for _ in range(tries))

    def events(self, daemon, event):
        log = (self.mail.folder / "log" / f"{daemon}.log").read_text()
        return [line for line in log.splitlines() if line.split(" ")[3] == event]

    def submit(self, source=STRANGER, user="alice"):
        with self.mail.submission(user, source=source) as client:
            client.sendmail(address(user), [address("bob")], message())


class Places(CrowdTest):
    def test_an_address_has_its_share_of_each_port(self):
        for port in ("smtp", "submission", "imap", "pop3"):
            with self.subTest(port):
                self.assertEqual(self.served(port, CROWD, SHARE + 5), SHARE)
                self.assertEqual(self.served(port, NEIGHBOUR, SHARE), SHARE_OF_NETWORK - SHARE)
                self.assertTrue(self.greeted(port, STRANGER))
                self.assertTrue(self.greeted(port, HOST))
        reasons = [re.search(r"reason=(\w+)", line)[1] for line in self.events("smtpd", "client.turned_away")]
        self.assertIn("address_full", reasons)
        self.assertIn("network_full", reasons)

    def test_a_full_port_is_nobody_elses_loss(self):
        served = sum(self.greeted("smtp", source) for source in OTHERS[: 2 * PLACES])
        self.assertEqual(served, PLACES)
        self.submit()

    def test_strangers_take_half_of_a_port_where_users_log_in(self):
        for port in ("submission", "imap", "pop3"):
            with self.subTest(port):
                self.assertEqual(sum(self.greeted(port, source) for source in OTHERS[:PLACES]), PLACES // 2)

    def test_who_logged_in_from_there_comes_in_beside_a_crowd_of_strangers(self):
        self.submit(STRANGER)
        self.assertEqual(sum(self.greeted("submission", source) for source in OTHERS[:PLACES]), PLACES // 2)
        self.submit(STRANGER)

    def test_who_has_logged_in_counts_for_the_account(self):
        context = self.mail.tls()
        for _ in range(SHARE + 5):
            client = self.connect("imaps", CROWD, context)
            client.expect(r"\* OK")
            client.send("a LOGIN alice@example.org alice-secret")
            client.tagged("a")

    def test_a_user_has_a_share_of_submission(self):
        for _ in range(3):
            self.open.enter_context(self.mail.submission("alice", source=STRANGER))
        with self.assertRaisesRegex(Exception, "Too many connections of this user"):
            self.open.enter_context(self.mail.submission("alice", source=STRANGER))
        self.submit(user="bob")


class Refusals(CrowdTest):
    def harvest(self, seconds):
        """Recipients that are refused, as many as go in that time, in one connection after the other; how many."""
        refused = 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with Dialogue(self.mail.port("smtp"), source=(CROWD, 0)) as client:
                client.reply("220")
                client.send(
                    b"EHLO x\r\nMAIL FROM:<a@example.com>\r\n"
                    + b"".join(b"RCPT TO:<nobody%d@example.org>\r\n" % i for i in range(100))
                )
                client.socket.settimeout(max(0.1, end - time.monotonic()))
                with contextlib.suppress(AssertionError):
                    while line := client.line():
                        refused += line.startswith("550")
        return refused

    def test_harvesting_is_slow_and_writes_little(self):
        before = (self.mail.folder / "log/smtpd.log").stat().st_size
        refused = self.harvest(4)
        self.assertGreaterEqual(refused, 90)
        self.assertLess(refused, 300)
        self.assertLess((self.mail.folder / "log/smtpd.log").stat().st_size - before, 10_000)
        self.submit()
        self.mail.run("stop")
        lines = len(self.events("smtpd", "smtp.recipient.refused"))
        repeated = self.events("smtpd", "smtp.recipient.refused.repeated")
        self.assertEqual(lines, 10)
        counted = sum(int(re.search(r"count=(\d+)", line)[1]) for line in repeated)
        self.assertGreaterEqual(lines + counted, refused)
        self.assertTrue(all(f"client={CROWD} " in line for line in repeated), repeated)

    def test_what_is_accepted_is_told_each_time(self):
        with self.mail.submission("alice", source=STRANGER) as client:
            for _ in range(30):
                client.sendmail(address("alice"), [address("bob")], message())
        self.assertEqual(len(self.events("smtpd", "smtp.message.accepted")), 30)


class Memory(CrowdTest):
    """2,060 sessions stalled in DATA held all memory; here its bound is reached by what one address may have."""

    settings = {**CrowdTest.settings, "smtp.connections_max": 400, "clients.connections_per_address_max": 400}
    settings["clients.connections_per_network_max"] = 400

    def stalled(self, source):
        """A session that has sent 250,000 octets of a message, and says no more."""
        client = self.connect("smtp", source)
        client.reply("220")
        client.ask("EHLO x", "250")
        client.send("MAIL FROM:<a@example.com>\r\nRCPT TO:<bob@example.org>\r\nDATA")
        for code in ("250", "250", "354"):
            client.reply(code)
        client.send((b"x" * 998 + b"\r\n") * 250)
        return client

    def spooled(self):
        child = self.mail.child("smtpd")
        return sum("/spool/" in path for path in open_files(child).values())

    def test_beyond_its_share_an_address_writes_to_the_spool(self):
        share = 536_870_912 // 2 // 16 // 262_144  # messages
        stalled = [self.stalled(CROWD) for _ in range(share + 20)]
        wait_until(lambda: self.spooled() >= 10, "what is beyond the share lies in files")
        self.submit()
        for client in (stalled[0], stalled[-1]):
            client.send(".")
            client.reply("250")


if __name__ == "__main__":
    unittest.main()
