"""The world's mail as it is, seen through IMAP: sloppy structures, groups, charsets, and what goes meanwhile."""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import address, password


def mail(header, body=""):
    """In Latin-1, so that any octet can be written."""
    return (header + "\r\n\r\n" + body + "\r\n").encode("latin-1")


class WildMail(support.MailTest):
    users = ("alice",)
    settings = {"auth.allow_plaintext": True}

    def session(self, enable="", login=True):
        s = self.mail.dialogue("imap")
        self.addCleanup(s.close)
        s.expect(r"\* OK")
        if login:
            self.ask(s, f"LOGIN {address('alice')} {password('alice')}")
        if enable:
            self.ask(s, f"ENABLE {enable}")
        return s

    def ask(self, s, command, pattern="OK"):
        s.send(b"a " + command.encode("utf-8") + b"\r\n")
        return s.tagged("a", pattern)

    def with_messages(self, box, *messages, enable=""):
        """A session that has a new mailbox with these open."""
        s = self.session(enable)
        self.ask(s, f"CREATE {box}")
        for octets in messages:
            s.send(b"a APPEND " + box.encode() + b" {%d+}\r\n" % len(octets) + octets + b"\r\n")
            s.tagged("a")
        self.opened = self.ask(s, f"SELECT {box}")
        return s

    def found(self, s, program):
        lines = self.ask(s, f"SEARCH {program}")
        return next(line for line in lines if line.startswith("* SEARCH"))[len("* SEARCH"):].split()

    def test_searches_look_where_a_reader_does(self):
        parts = mail(
            "Subject: parts\r\nContent-Type: multipart/report; boundary=b",
            "--b\r\nContent-Type: text/plain\r\n\r\nwords over\r\na line\r\n"
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; gone@example.net\r\n"
            '--b\r\nContent-Type: application/pdf; name="invoice.pdf"\r\n\r\nAAAA\r\n--b--')
        korean = mail("Content-Type: text/plain; charset=ks_c_5601-1987", "\x8cc\xb9\xe6")
        people = mail('From: <bob (x)@ (y) example.org>\r\nTo: Friends: "Jane \\"J\\" Doe" <jane@example.org>;')
        s = self.with_messages("search", parts, korean, people)
        for program, numbers in [
            ('BODY "words over a line"', ["1"]),
            ("BODY gone@example.net", ["1"]),
            ("TEXT invoice.pdf", ["1"]),
            ("BODY invoice.pdf", []),
            ("CHARSET UTF-8 BODY 똠방".replace("똠방", "{6+}\r\n똠방"), ["2"]),
            ("FROM bob@example.org", ["3"]),
            ("TO friends", ["3"]),
            ('TO "doe <jane@example.org>"', ["3"]),
        ]:
            with self.subTest(program):
                self.assertEqual(self.found(s, program), numbers)

    def test_a_group_is_sorted_by_its_name(self):
        s = self.with_messages("groups", mail("To: mike: a@example.org;"), mail("To: bert@example.org"),
                               mail("To: zed: ;"), mail("To: nina@example.org"))
        for key in ("TO", "DISPLAYTO"):
            with self.subTest(key):
                self.assertIn("* SORT 2 1 4 3", self.ask(s, f"SORT ({key}) UTF-8 ALL"))

    def test_sloppy_multiparts_have_their_parts(self):
        def sloppy(parameters, delimiter, end):
            return mail(f"Content-Type: multipart/mixed; {parameters}",
                        f"{delimiter}\r\n\r\none\r\n{delimiter}\r\n\r\ntwo\r\n{end}")

        kinds = [("boundary=b charset=utf-8", "--b", "--b--"), ("charset=utf-8 boundary=b", "--b", "--b--"),
                 ("boundary=b, x=y", "--b", "--b--"), ("boundary=b", "--b text", "--b-- text"),
                 ("boundary=b", "--b;x", "--b--")]
        s = self.with_messages("sloppy", *(sloppy(*kind) for kind in kinds))
        for number, kind in enumerate(kinds, 1):
            with self.subTest(kind):
                structure = self.ask(s, f"FETCH {number} BODYSTRUCTURE")[0]
                self.assertRegex(structure, r'BODYSTRUCTURE \(\("text" "plain" .*\)\("text" "plain" .*\) "mixed"')
                self.assertIn("two)", self.ask(s, f"FETCH {number} BODY.PEEK[2]"))

    def test_continuations_are_joined(self):
        s = self.with_messages("names", mail(
            "Content-Type: image/png\r\nContent-Disposition: attachment; filename*0*=utf-8''%C3%A4; filename*1=.png"))
        self.assertIn("(\"filename*\" \"utf-8''%C3%A4.png\")", self.ask(s, "FETCH 1 BODYSTRUCTURE")[0])

    def test_a_preview_passes_over_blank_parts(self):
        s = self.with_messages("preview", mail(
            "Content-Type: multipart/alternative; boundary=b",
            "--b\r\n\r\n \r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hello there</p>\r\n--b--"))
        self.assertIn('* 1 FETCH (PREVIEW "Hello there")', self.ask(s, "FETCH 1 PREVIEW"))

    def test_what_vanished_at_the_end_is_told(self):
        s = self.with_messages("vanished", *[mail("Subject: x")] * 3)
        known = next(found[1] for line in self.opened if (found := re.search(r"HIGHESTMODSEQ (\d+)", line)))
        for number, vanished in (("3", "3"), ("1:*", "1:3")):
            self.ask(s, f"STORE {number} +FLAGS.SILENT (\\Deleted)")
            self.ask(s, "EXPUNGE")
            back = self.session("QRESYNC")
            self.ask(back, "SELECT vanished")
            lines = self.ask(back, f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {known} VANISHED)")
            self.assertIn(f"* VANISHED (EARLIER) {vanished}", lines)

    def test_notify_says_the_highest_mod_seq(self):
        s = self.session()
        lines = self.ask(s, "NOTIFY SET STATUS (mailboxes Junk (MessageNew MessageExpunge FlagChange))")
        self.assertRegex(lines[0], r"\* STATUS Junk \(.*UIDVALIDITY \d+.* HIGHESTMODSEQ \d+\)")

    def test_keywords_and_expunges_of_others(self):
        s = self.with_messages("others", *[mail("Subject: x")] * 3)
        other = self.session()
        self.ask(other, "SELECT others")
        self.ask(other, "STORE 2 +FLAGS.SILENT ($Brand-New)")
        lines = self.ask(s, "FETCH 2 FLAGS")
        flags = next(i for i, line in enumerate(lines) if line.startswith("* FLAGS") and "$Brand-New" in line)
        self.assertLess(flags, next(i for i, line in enumerate(lines) if "FETCH" in line and "$Brand-New" in line))
        self.ask(other, "MOVE 3 Trash")
        for command in ("SEARCH ALL", "SORT (ARRIVAL) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL"):
            with self.subTest(command):
                self.ask(s, command, r"OK \[EXPUNGEISSUED\]")

    def test_a_long_id_before_login(self):
        s = self.session(login=False)
        pairs = " ".join(f'"{f"field{i}":-<30}" "{"v" * 1024}"' for i in range(30))
        self.assertIn('* ID ("name" "Posthaste")', self.ask(s, f"ID ({pairs})"))
        self.ask(s, f"LOGIN {address('alice')} {password('alice')}")

    def test_a_pattern_in_no_encoding_lists_nothing(self):
        s = self.session()
        for command in ('LIST "" "R&D"', 'LIST "" &*', 'LSUB "" "x&"', 'XLIST "&" *', 'LIST "" "ä%"'):
            with self.subTest(command):
                self.assertEqual(len(self.ask(s, command)), 1)


if __name__ == "__main__":
    unittest.main()
