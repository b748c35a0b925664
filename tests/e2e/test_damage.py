"""Damaged files: no wrong octet is served, and what can be made again is made again by one command."""

import os
import poplib
import re
import shutil
import signal
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import BIN, execute, message, wait_until

MARK = b"the octets to be damaged\r\n"
LARGE = b"a line of a large message\r\n" * 20_000


class Damage(support.LoggedTest):
    def set_up(self):
        self.mail = self.enterContext(support.Installation(("alice", "bob"), {"dns.servers": [support.HOST]}))
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
        ids = self.email_ids()
        refused = self.mail.try_run("store", "rebuild")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("deliveryd runs", refused.stderr)
        self.mail.stop()
        how(self.store / "index")
        self.mail.run("store", "rebuild")
        self.assertEqual(self.check("--bodies").returncode, 0)
        self.mail.start()
        self.assertEqual(self.mail.messages("bob"), before)
        self.assertEqual(self.email_ids(), ids)

    def email_ids(self):
        """EMAILIDs of bob's messages; a search for one finds its message, and its copy has the same."""
        client = self.mail.imap("bob")
        support.must(client.select("INBOX"))
        ids = [re.search(rb"EMAILID \((.*?)\)", said)[1].decode() for said in support.must(client.fetch("1:*", "EMAILID"))]
        self.assertEqual(support.must(client.search(None, "EMAILID", ids[1])), [b"2"])
        support.must(client.copy("2", "Sent"))
        support.must(client.select("Sent"))
        self.assertEqual(support.must(client.search(None, "EMAILID", ids[1]))[0].split()[-1:], [b"1"])
        support.must(client.store("1", "+FLAGS", r"(\Deleted)"))
        support.must(client.expunge())
        client.logout()
        self.assertTrue(all(re.fullmatch("M[A-Za-z0-9_-]{22}", each) for each in ids), ids)
        self.assertEqual(len(set(ids)), 3)
        return ids

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

    # An index that is cut short: whoever reads what is gone dies of SIGBUS

    CUT_TO = 8192  # its two meta pages

    def cut_short(self, index):
        os.truncate(index / "data.mdb", self.CUT_TO)

    def alone(self, daemon):
        """What a daemon says that cannot start."""
        done = execute(BIN / daemon, "-C", self.mail.folder)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def test_an_index_cut_short_is_told_of_at_the_start_and_made_again(self):
        self.set_up()

        def cut_short(index):
            self.cut_short(index)
            for daemon in ("deliveryd", "imapd", "pop3d"):
                said = self.alone(daemon)
                self.assertIn("data.mdb: is cut short", said)
                self.assertIn("posthaste store rebuild", said)
                self.assertIn("posthaste store rebuild", self.log_of(daemon))
            checked = self.check()
            self.assertEqual(checked.returncode, 1)
            self.assertIn("cut short", checked.stderr)

        self.lose_the_index(cut_short)

    def test_readers_of_a_lost_index_name_the_command_too(self):
        self.set_up()

        def lose(index):
            shutil.rmtree(index)
            for daemon in ("imapd", "pop3d"):
                self.assertIn("posthaste store rebuild", self.alone(daemon))

        self.lose_the_index(lose)

    def test_an_index_cut_short_under_running_daemons_is_told_of_and_no_child_restarts_at_once(self):
        self.set_up()
        self.deliver(b"one\r\n", b"two\r\n")
        before = self.mail.messages("bob")
        client = self.mail.imap("bob")
        self.cut_short(self.store / "index")
        with self.assertRaises((client.abort, client.error, OSError)):
            client.select("INBOX")
        client.shutdown()
        wait_until(lambda: "daemon.file.unreadable" in self.log_of("imapd"), "the parent tells of it")
        self.assertRegex(self.log_of("imapd"), r"daemon\.child\.died .*signal=7 .*restart_ms=10000")
        self.assertRegex(self.log_of("imapd"), r"daemon\.file\.unreadable .*posthaste store check")
        self.mail.stop()
        self.mail.run("store", "rebuild")
        self.mail.start()
        self.assertEqual(self.mail.messages("bob"), before)

    def test_rebuilding_is_refused_while_any_daemon_reads_the_index(self):
        self.set_up()
        self.deliver(b"one\r\n")
        for ended, left in (("deliveryd", "imapd"), ("imapd", "pop3d")):
            parent = self.mail.parent(ended)
            os.kill(parent, signal.SIGTERM)
            wait_until(lambda: not support.alive(parent), f"{ended} is gone")
            refused = self.mail.try_run("store", "rebuild")
            self.assertEqual(refused.returncode, 1)
            self.assertIn(f"{left} runs", refused.stderr)
        (self.mail.folder / "run/pop3d.pid").rename(self.mail.folder / "run/elsewhere.pid")
        refused = self.mail.try_run("store", "rebuild")
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stderr, r"process \d+ uses the store's index")
        (self.mail.folder / "run/elsewhere.pid").rename(self.mail.folder / "run/pop3d.pid")
        self.mail.stop()
        self.mail.run("store", "rebuild")

    # The queue

    def test_a_directory_that_is_gone_is_not_made_anew(self):
        self.set_up()
        self.mail.stop()
        data = self.mail.folder / "directory/data.mdb"
        saved = self.mail.folder / "saved.mdb"
        shutil.copy2(data, saved)
        os.truncate(data, 0)
        for octets in (0, None):
            if octets is None:
                data.unlink()
            for command in (("user", "list"), ("domain", "add", "example.com"), ("start",)):
                self.assertEqual(self.mail.try_run(*command).returncode, 1, command)
                self.assertEqual(data.stat().st_size if data.exists() else None, octets, command)
            self.assertIn("restore the directory from a backup", self.mail.try_run("user", "list").stderr)
        shutil.copy2(saved, data)
        if os.geteuid() == 0:
            os.chown(data, self.store.stat().st_uid, self.store.stat().st_gid)
        self.mail.start()
        self.assertEqual(len(self.mail.try_run("user", "list").stdout.splitlines()), 2)

    def test_the_queue_is_checked_and_its_index_made_again(self):
        self.set_up()
        for number in range(5):
            self.mail.submit("alice", message(body=MARK), f"user{number}@nowhere.invalid")
        names = [entry["trace"] for entry in self.mail.queue()]
        self.assertEqual(len(names), 5)
        self.assertIn("5 entries, 5 recipients", self.mail.run("queue", "check"))
        refused = self.mail.try_run("queue", "rebuild")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("smtpd runs", refused.stderr)
        self.mail.stop()

        queue = self.mail.folder / "queue"
        for harm in (self.cut_short, lambda index: (index / "data.mdb").write_bytes(b"\x55" * 16384)):
            harm(queue / "index")
            said = self.alone("smtpd")
            self.assertIn("posthaste queue rebuild", said)
            self.assertIn("posthaste queue rebuild", self.log_of("smtpd"))
            checked = self.mail.try_run("queue", "check")
            self.assertEqual(checked.returncode, 1)
            self.assertIn("posthaste queue rebuild", checked.stderr)
            self.mail.run("queue", "rebuild")
            self.assertIn("5 entries", self.mail.run("queue", "check"))
            self.assertEqual([entry["trace"] for entry in self.mail.queue()], names)
        self.assertEqual(len(list(queue.glob("index.old-*"))), 2, "the old ones are kept")

        for segment in (queue / "log").glob("*.seg"):
            octets = segment.read_bytes()
            with segment.open("r+b") as file:
                file.seek(octets.find(MARK))
                file.write(bytes([octets[octets.find(MARK)] ^ 0x10]))
        found = self.mail.try_run("queue", "check")
        self.assertEqual(found.returncode, 1)
        self.assertRegex(found.stdout, r"entry 1: its record in segment \d+ at \d+ is damaged or gone")


if __name__ == "__main__":
    unittest.main()
