"""Several sessions of one person stay in step: by QRESYNC, by NOTIFY, and without sequence numbers."""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import address, message, password


class Resync(support.MailTest):
    users = ("alice",)
    settings = {"auth.allow_plaintext": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for i in range(3):
            cls.mail.deliver(message(f"Number {i}"), "alice")
        support.wait_until(lambda: len(cls.mail.messages("alice")) == 3, "three messages")

    def session(self, enable=""):
        s = self.mail.dialogue("imap")
        self.addCleanup(s.close)
        s.expect(r"\* OK")
        s.send(f"a LOGIN {address('alice')} {password('alice')}")
        s.tagged("a")
        if enable:
            s.send(f"e ENABLE {enable}")
            s.tagged("e")
        return s

    def opened(self, s, parameters=""):
        s.send(f"o SELECT INBOX{parameters}")
        return s.tagged("o")

    def code(self, lines, name):
        return next(found[1] for line in lines if (found := re.search(rf"\[{name} (\d+)\]", line)))

    def test_1_what_was_missed_is_told_at_select(self):
        away = self.session("QRESYNC")
        lines = self.opened(away)
        known = self.code(lines, "UIDVALIDITY"), self.code(lines, "HIGHESTMODSEQ")
        away.close()

        other = self.session()
        self.opened(other)
        other.send("b STORE 2 +FLAGS.SILENT (\\Flagged $Later)")
        other.tagged("b")
        other.send("c MOVE 1 Trash")
        other.tagged("c")

        back = self.session("QRESYNC")
        lines = self.opened(back, f" (QRESYNC ({known[0]} {known[1]} 1:3))")
        self.assertIn("* VANISHED (EARLIER) 1", lines)
        changed = [line for line in lines if "FETCH" in line]
        self.assertEqual(len(changed), 1, changed)
        self.assertRegex(changed[0], r"\* 1 FETCH \(UID 2 FLAGS \(.*\\Flagged \$Later\) MODSEQ \(\d+\)\)")

    def test_2_a_conditional_store_leaves_alone_what_has_changed(self):
        s = self.session("CONDSTORE")
        known = self.code(self.opened(s), "HIGHESTMODSEQ")
        other = self.session()
        self.opened(other)
        other.send("b UID STORE 2 -FLAGS.SILENT (\\Flagged)")
        other.tagged("b")
        s.send(f"c UID STORE 2:3 (UNCHANGEDSINCE {known}) +FLAGS.SILENT (\\Answered)")
        lines = s.tagged("c")
        self.assertRegex(lines[-1], r"c OK \[MODIFIED 2\]")
        self.assertTrue(any(re.fullmatch(r"\* 2 FETCH \(UID 3 MODSEQ \(\d+\)\)", line) for line in lines), lines)

    def test_3_notify_tells_at_once_and_without_a_command(self):
        s = self.session("CONDSTORE")
        self.opened(s)
        s.send("n NOTIFY SET (selected (MessageNew (UID ENVELOPE) MessageExpunge FlagChange))"
               " (personal (MessageNew MessageExpunge MailboxName SubscriptionChange))")
        s.tagged("n")
        self.assertTrue(s.silent())
        self.mail.deliver(message("Told at once"), "alice")
        s.expect(r"\* 3 EXISTS")
        s.expect(r"\* \d RECENT")
        s.expect(r'\* 3 FETCH \(UID 4 ENVELOPE \(.*"Told at once".*\) MODSEQ \(\d+\)\)')

        other = self.session()
        for line, told in (
            ("CREATE Later", r'\* LIST \(.*\) "/" "?Later"?'),
            ("SUBSCRIBE Later", r'\* LIST \(.*\\Subscribed.*\) "/" "?Later"?'),
            ("RENAME Later Sooner", r'\* LIST \(.*\) "/" "?Sooner"? \("OLDNAME" \("?Later"?\)\)'),
            ("DELETE Sooner", r'\* LIST \(.*\\NonExistent.*\) "/" "?Sooner"?'),
        ):
            other.send(f"x {line}")
            other.tagged("x")
            s.expect(told)
        self.opened(other)
        other.send("y UID STORE 4 +FLAGS.SILENT (\\Deleted)")
        other.tagged("y")
        s.expect(r"\* 3 FETCH \(UID 4 FLAGS \(.*\\Deleted.*\) MODSEQ \(\d+\)\)")
        other.send("z UID MOVE 4 Trash")
        other.tagged("z")
        told = sorted((s.line(), s.line()))
        self.assertRegex(told[0], r"\* 3 EXPUNGE")
        self.assertRegex(told[1], r"\* STATUS Trash \(MESSAGES \d UIDNEXT \d UIDVALIDITY \d+ HIGHESTMODSEQ \d+\)")
        s.send("m NOTIFY NONE")
        s.tagged("m")

    def test_4_uids_are_enough(self):
        s = self.session("UIDONLY IMAP4rev2")
        self.opened(s)
        s.send("b FETCH 1 FLAGS")
        s.tagged("b", r"BAD \[UIDREQUIRED\]")
        s.send("c UID FETCH 2 (UID)")
        self.assertIn("* 2 UIDFETCH (UID 2)", s.tagged("c"))
        s.send("d UID SEARCH RETURN (SAVE COUNT) UID 2:3")
        self.assertIn('* ESEARCH (TAG "d") UID COUNT 2', s.tagged("d"))
        s.send("e UID MOVE $ Archive")
        self.assertIn("* VANISHED 2:3", s.tagged("e"))


if __name__ == "__main__":
    unittest.main()
