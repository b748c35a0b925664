"""A file system that fills up: mail is put off in the RFC's words, or queued elsewhere, and all else goes on."""

import collections
import os
import smtplib
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import address, assert_same_message, message, must

SIZE_MB = 48
FILLER_MB = 16
MB = 1_048_576
SMALL = 4096


class FullDisk(support.LoggedTest):
    def set_up(self, reserve_octets, folders=("store", "queue")):
        """An installation of which some folders are on a small file system, partly filled by something else."""
        settings = {"store.disk_reserve_octets": reserve_octets, "store.segment_octets": 4 * MB}
        settings |= {f"paths.{name}": f"disk/{name}" for name in folders}
        self.mail = self.enterContext(support.Installation(("alice", "bob"), settings))
        disk = self.mail.folder / "disk"
        disk.mkdir()
        owner = (self.mail.folder / "store").stat()
        options = f"size={SIZE_MB}m,mode=0755"
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        if os.geteuid() != 0:
            self.skipTest("only root may mount a file system")
        mounted = subprocess.run(mount, capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest("can't mount a file system here: " + mounted.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "--lazy", str(disk)], check=True)
        self.addCleanup(self.mail.stop)
        for name in folders:
            (disk / name).mkdir(mode=0o750)
            os.chown(disk / name, owner.st_uid, owner.st_gid)
        self.filler = disk / "filler"
        self.filler.write_bytes(b"x" * FILLER_MB * MB)
        self.mail.start()
        self.accepted = []

    def fill(self):
        """Delivers large messages until one is put off, then smaller ones; the last answer."""
        for octets in (MB, MB // 8, MB // 64, SMALL):
            code, text = self.deliver_until_refused(octets)
        return code, text

    def deliver_until_refused(self, octets):
        with self.mail.smtp() as client:
            for _ in range(2 * SIZE_MB):
                sent = message_of(octets)
                try:
                    client.sendmail("someone@example.com", [address("bob")], sent)
                except smtplib.SMTPException as refusal:
                    return answer_in(refusal)
                self.accepted.append(sent)
        self.fail(f"{2 * SIZE_MB} messages of {octets} octets found room in what is left of {SIZE_MB} MB")

    def assert_accepted_are_whole(self):
        def all_stored():
            stored = sorted(self.mail.messages("bob").items())
            return len(stored) >= len(self.accepted) and stored

        stored = support.wait_until(all_stored, f"{len(self.accepted)} messages are there")
        self.assertEqual(len(stored), len(self.accepted))
        for (_, octets), sent in zip(stored, self.accepted):
            assert_same_message(self, octets, sent)

    def test_a_full_disk_puts_mail_off_and_stops_nothing_else(self):
        self.set_up(reserve_octets=0)  # the default: an eighth
        code, text = self.fill()
        self.assertEqual((code, text), (452, b"4.3.1"))
        self.assertGreater(len(self.accepted), 10)

        with self.subTest("LMTP"):
            with self.mail.lmtp() as client, self.assertRaises(smtplib.SMTPException) as refused:
                client.sendmail("someone@example.com", [address("bob")], message_of(SMALL))
            self.assertEqual(answer_in(refused.exception), (452, b"4.3.1"))

        with self.subTest("the operator is told"):
            support.wait_until(lambda: self.logged("deliveryd", "store.disk.full"), "the log says so")
            support.wait_until(lambda: self.logged("smtpd", "queue.disk.full"), "smtpd's says so, too")
            status = self.mail.try_run("status")
            self.assertEqual(status.returncode, 1)
            self.assertRegex(status.stdout, r"New mail is refused: \S+ MB are free in \S+/disk/store, 6\.2 MB must stay \(store")
            self.assertIn("New mail to other hosts is refused: ", status.stdout)
            self.assertTrue(any("reason=" in line for line in self.logged("deliveryd", "lmtp.message.refused")))

        client = self.mail.imap("bob")
        with self.subTest("APPEND"):
            kind, text = client.append("INBOX", None, None, message_of(SMALL))
            self.assertEqual(kind, "NO", text)
        with self.subTest("reading"):
            self.assert_accepted_are_whole()
        with self.subTest("flags"):
            must(client.select())
            must(client.store("1:*", "+FLAGS", r"(\Flagged)"))
            self.assertEqual(len(must(client.search(None, "FLAGGED"))[0].split()), len(self.accepted))
        with self.subTest("expunge"):
            must(client.store("1:3", "+FLAGS", r"(\Deleted)"))
            self.assertEqual(len(must(client.expunge())), 3)
            self.accepted = self.accepted[3:]
            self.assert_accepted_are_whole()
        client.logout()

        with self.subTest("room again"):
            self.filler.unlink()
            sent = message("There is room again")
            support.wait_until(lambda: self.taken(sent), "mail flows once there is room")
            self.accepted.append(sent)
            self.assert_accepted_are_whole()
            support.wait_until(lambda: self.logged("deliveryd", "store.disk.free"), "the log says that it is over")
            self.assertEqual(len(self.logged("deliveryd", "store.disk.full")), 1, "once")
            self.assertNotIn("refused", self.mail.run("status"))
            client = self.mail.imap("bob")
            must(client.append("Drafts" if client.create("Drafts")[0] == "OK" else "INBOX", None, None, message()))
            client.logout()

    def test_without_a_reserve_nothing_is_written_by_halves(self):
        self.set_up(reserve_octets=1)
        code, text = self.fill()
        self.assertEqual(code // 100, 4, text)
        self.filler.unlink()
        sent = message("There is room again")
        support.wait_until(lambda: self.taken(sent), "mail flows once there is room")
        self.accepted.append(sent)
        self.assert_accepted_are_whole()

    def test_mail_for_a_full_store_waits_in_a_queue_that_has_room(self):
        self.set_up(reserve_octets=0, folders=("store",))
        with self.mail.lmtp() as client, self.assertRaises(smtplib.SMTPException) as refused:
            for _ in range(2 * SIZE_MB):
                sent = message_of(MB)
                client.sendmail("someone@example.com", [address("bob")], sent)
                self.accepted.append(sent)
        self.assertEqual(answer_in(refused.exception), (452, b"4.3.1"))
        for _ in range(3):
            self.accepted.append(message_of(MB))
            self.mail.deliver(self.accepted[-1], "bob")
        support.wait_until(lambda: len(self.mail.queue()) == 3, "all three are queued")
        trace = self.mail.queue()[0]["trace"]
        self.assertIn("452 4.3.1", self.mail.run("queue", "show", trace))
        self.filler.unlink()
        self.mail.run("queue", "retry", "all")
        self.mail.wait_for_empty_queue()
        found = collections.Counter(map(support.message_id, self.mail.messages("bob").values()))
        self.assertEqual(found, collections.Counter(map(support.message_id, self.accepted)))

    def logged(self, daemon, event):
        log = (self.mail.folder / "log" / f"{daemon}.log").read_text()
        return [line for line in log.splitlines() if f" {event} " in line]

    def taken(self, octets):
        try:
            self.mail.deliver(octets, "bob")
        except (smtplib.SMTPException, OSError) as refusal:
            self.assertNotIn(b"5.", answer_in(refusal)[1][:2])
            return False
        return True


def message_of(octets):
    line = b"0123456789abcde" * 5 + b"\r\n"
    return message("To fill the disk", line * (octets // len(line)))


def answer_in(refusal):
    """Code and enhanced code of any of smtplib's exceptions."""
    if isinstance(refusal, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(refusal.recipients.values()))
    elif isinstance(refusal, smtplib.SMTPResponseException):
        code, text = refusal.smtp_code, refusal.smtp_error
    else:
        code, text = 0, str(refusal).encode()
    return code, text[:5]


if __name__ == "__main__":
    unittest.main()
