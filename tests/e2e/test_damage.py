"""Damaged files: no wrong octet is served, and what can be made again is made again by one command."""

import poplib
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import message

MARK = b"the octets to be damaged\r\n"
LARGE = b"a line of a large message\r\n" * 20_000


class Damage(support.LoggedTest):
    def set_up(self):
        self.mail = self.enterContext(support.Installation(("alice", "bob")))
        self.mail.start()
        self.store = self.mail.folder / "store"

    def deliver(self, *bodies):
        for body in bodies:
            self.mail.deliver(message(body=body), self.mail.address("bob"))

    def flip(self):
        """One bit of each octet sequence MARK in the log; how many there are."""
        found = 0
        for segment in (self.store / "log").glob("*.seg"):
            octets = segment.read_bytes()
            at = octets.find(MARK)
            while at >= 0:
                with segment.open("r+b") as file:
                    file.seek(at)
                    file.write(bytes([octets[at] ^ 0x10]))
                found += 1
                at = octets.find(MARK, at + 1)
        return found

    def check(self, *options):
        return self.mail.try_run("store", "check", *options)

    def log_of(self, daemon):
        return (self.mail.folder / "log" / f"{daemon}.log").read_text()

    def test_a_flipped_bit_is_told_of_and_not_served(self):
        self.set_up()
        self.deliver(b"sound\r\n", MARK, LARGE + MARK)
        self.assertEqual(self.check("--bodies").returncode, 0)
        self.assertEqual(self.flip(), 2)

        client = self.mail.imap("bob")
        client.select("INBOX")
        for uid, items in ((b"2", "(BODY[])"), (b"2", "(BODY[TEXT])"), (b"3", "(BODY[])"), (b"3", "(BODY[]<0.10>)")):
            status, said = client.uid("FETCH", uid.decode(), items)
            self.assertEqual(status, "NO", (uid, items))
            self.assertIn(b"[CORRUPTION]", said[-1])
        status, said = client.uid("FETCH", "1", "(BODY[])")
        self.assertEqual(status, "OK", "the stream is whole, and so are other messages")
        self.assertIn(b"sound", said[0][1])
        client.logout()

        pop = self.mail.pop3("bob")
        for number in (2, 3):
            with self.assertRaisesRegex(poplib.error_proto, "SYS/PERM"):
                pop.retr(number)
        self.assertIn(b"sound", pop.retr(1)[1])
        pop.quit()

        for daemon in ("imapd", "pop3d"):
            self.assertEqual(self.log_of(daemon).count("store.blob.damaged"), 2, "each blob once")
        self.assertEqual(self.check().returncode, 0, "the index is sound")
        found = self.check("--bodies")
        self.assertEqual(found.returncode, 1)
        self.assertEqual(found.stdout.count("damaged or gone"), 2, found.stdout)

    def lose_the_index(self, how):
        self.deliver(b"one\r\n", b"two\r\n", LARGE)
        before = self.mail.messages("bob")
        refused = self.mail.try_run("store", "rebuild")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("deliveryd runs", refused.stderr)
        self.mail.stop()
        how(self.store / "index")
        self.mail.run("store", "rebuild")
        self.assertEqual(self.check("--bodies").returncode, 0)
        self.mail.start()
        self.assertEqual(self.mail.messages("bob"), before)

    def test_a_lost_index_is_made_again(self):
        self.set_up()
        self.lose_the_index(shutil.rmtree)

    def test_overwritten_meta_pages_are_told_of_and_the_index_is_made_again(self):
        self.set_up()

        def overwrite(index):
            with (index / "data.mdb").open("r+b") as file:
                file.write(b"\x55" * 8192)
            started = self.mail.try_run("start")
            self.assertEqual(started.returncode, 1)
            self.assertIn("store rebuild", started.stderr + self.log_of("deliveryd"))
            self.mail.try_run("stop")
            self.assertEqual(self.check().returncode, 1)

        self.lose_the_index(overwrite)
        self.assertTrue(list(self.store.glob("index.old-*")), "the old one is kept")


if __name__ == "__main__":
    unittest.main()
