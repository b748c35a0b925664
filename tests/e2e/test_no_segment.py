"""A mailbox is listed from the index alone: no segment of the log is opened until a message's text is asked for."""

import os
import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import assert_same_message, message, must

MESSAGES = 100
LISTING = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"
PARTS = (
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nText\r\n"
    b"--b\r\nContent-Type: image/png; name=x.png\r\nContent-Disposition: attachment\r\n\r\nPicture\r\n--b--\r\n"
)


class NoSegment(support.MailTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fields = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
        cls.sent = [message(f"Number {i}", PARTS, fields=fields) for i in range(MESSAGES)]
        with cls.mail.smtp() as client:
            for octets in cls.sent:
                client.sendmail("someone@example.com", [support.address("bob")], octets)
        for octets in cls.sent[-1:]:
            cls.mail.find("bob", octets)

    def setUp(self):
        """A new imapd, which has no segment open from before."""
        old = self.mail.child("imapd")
        os.kill(old, signal.SIGKILL)
        support.wait_until(lambda: self.mail.child("imapd") != old and self.greets(), "imapd is back")
        self.segments = sorted((self.mail.folder / "store").glob("**/*.seg"))
        self.assertTrue(self.segments)

    def greets(self):
        try:
            with self.mail.dialogue("imap") as s:
                return s.line() is not None
        except OSError:
            return False

    def assert_listing_is_whole(self, client):
        lines = must(client.fetch("1:*", LISTING))
        self.assertEqual(len(lines), MESSAGES)
        for i, line in enumerate(lines):
            self.assertIn(b'"Number %d"' % i, line)
            self.assertIn(b'("text" "plain"', line.lower())
            self.assertIn(b"RFC822.SIZE ", line)

    def test_a_listing_opens_no_segment(self):
        with support.Trace(self.mail.child("imapd"), "-e", "trace=open,openat,openat2") as trace:
            client = self.mail.imap("bob")
            must(client.select(readonly=True))
            self.assert_listing_is_whole(client)
            listed = time.time()
            must(client.fetch("1", "(BODY.PEEK[])"))
            client.logout()
        opened = [(when, what) for when, what in trace.lines() if ".seg" in what]
        self.assertEqual([what for when, what in opened if when < listed], [])
        self.assertTrue(opened, "the text of a message is in a segment, and the trace would have shown it")

    def test_an_unreadable_segment_costs_its_texts_and_nothing_else(self):
        child = Path(f"/proc/{self.mail.child('imapd')}").stat().st_uid
        if child == 0:
            self.skipTest("imapd runs as root, to whom nothing is unreadable")
        client = self.mail.imap("bob")
        modes = {segment: segment.stat().st_mode & 0o777 for segment in self.segments}
        try:
            for segment in self.segments:
                segment.chmod(0)
            must(client.select(readonly=True))
            self.assert_listing_is_whole(client)
            kind, text = client.fetch("1", "(BODY.PEEK[])")
            self.assertEqual(kind, "NO", text)
            self.assert_listing_is_whole(client)  # the session goes on
        finally:
            for segment, mode in modes.items():
                segment.chmod(mode)
        stored = must(client.fetch("1", "(BODY.PEEK[])"))[0][1]
        assert_same_message(self, stored, self.sent[0])
        client.logout()


if __name__ == "__main__":
    unittest.main()
