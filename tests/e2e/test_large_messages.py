"""Messages that smtpd keeps in a file: large ones cost it no memory, and a full disk puts them off."""

import os
import smtplib
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import address, message

MB = 1_048_576


def message_of(octets):
    line = b"0123456789abcde" * 5 + b"\r\n"
    return message("A large one", line * (octets // len(line)))


class LargeMessages(support.LoggedTest):
    def setUp(self):
        self.mail = self.enterContext(support.Installation())
        self.spool = self.mail.folder / "spool"

    def own_memory(self):
        """Octets that smtpd's child has for itself, or had at its peak."""
        for line in Path(f"/proc/{self.mail.child('smtpd')}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        self.fail("no RssAnon")

    def test_forty_megabytes_pass_through_a_file(self):
        self.mail.start()
        self.assertEqual(self.spool.stat().st_mode & 0o777, 0o700)
        self.mail.deliver(message("A small one"), "bob")
        before = self.own_memory()
        sent = message_of(40 * MB)
        with self.mail.smtp() as client:
            client.ehlo()
            client.mail("someone@example.com")
            client.rcpt(address("bob"))
            client.putcmd("data")
            self.assertEqual(client.getreply()[0], 354)
            client.send(sent[: 30 * MB])
            held = lambda: any("/spool/" in path for path in support.open_files(self.mail.child("smtpd")).values())
            support.wait_until(held, "the message lies in a file")
            self.assertEqual(list(self.spool.iterdir()), [], "of no name")
            self.assertLess(self.own_memory() - before, 8 * MB)
            client.send(sent[30 * MB :] + b".\r\n")
            self.assertEqual(client.getreply()[0], 250)
        self.assertLess(self.own_memory() - before, 8 * MB)
        self.assertFalse(held())
        self.assertTrue(next(o for o in self.mail.messages("bob").values() if len(o) > MB).endswith(sent))

    def test_a_full_disk_puts_off_large_ones_alone(self):
        if os.geteuid() != 0:
            self.skipTest("only root may mount a file system")
        owner = (self.mail.folder / "store").stat()
        self.spool.mkdir(mode=0o700, exist_ok=True)
        options = f"size=8m,mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.spool)]
        mounted = subprocess.run(mount, capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest("can't mount a file system here: " + mounted.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "--lazy", str(self.spool)], check=True)
        self.addCleanup(self.mail.stop)
        self.mail.start()
        with self.mail.smtp() as client:
            for _ in range(2):
                with self.assertRaises(smtplib.SMTPDataError) as refused:
                    client.sendmail("someone@example.com", [address("bob")], message_of(12 * MB))
                self.assertEqual(refused.exception.smtp_code, 452)
                self.assertTrue(refused.exception.smtp_error.startswith(b"4.3.1"), refused.exception.smtp_error)
                client.sendmail("someone@example.com", [address("bob")], message_of(4 * MB))
                client.sendmail("someone@example.com", [address("bob")], message("A small one"))
        self.assertEqual(len(self.mail.messages("bob")), 4)
        self.assertEqual(list(self.spool.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
