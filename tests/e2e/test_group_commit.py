"""Fifty messages that end at the same moment share a few commits of the index and a few flushes of the log."""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import address, message

DELIVERIES = 50
INDEX_COMMITS_MAX = 15
META_PAGES_OCTETS = 2 * 4096  # LMDB's two meta pages, of which each commit writes one


class GroupCommit(support.MailTest):
    users = tuple(f"user{i:02}" for i in range(DELIVERIES))

    def deliver_together(self, port):
        """Everything but the last line of each message is there; then all last lines go out at once."""
        hello = "LHLO" if port == "lmtp" else "EHLO"
        dialogues, messages = [], []
        for user in self.users:
            s = self.mail.dialogue(port)
            self.addCleanup(s.close)
            s.reply("220")
            s.ask(hello + " client.example.com", "250")
            s.ask("MAIL FROM:<someone@example.com>", "250")
            s.ask(f"RCPT TO:<{address(user)}>", "250")
            s.ask("DATA", "354")
            octets = message(f"By {port} to {user}", b"0123456789" * 7 + b"\r\n", recipient=user)
            s.send(octets)
            dialogues.append(s)
            messages.append(octets)
        writes = "trace=fdatasync,fsync,msync,pwrite64"
        with support.Trace(self.mail.child("deliveryd"), "-y", "-e", writes) as trace:
            for s in dialogues:
                s.send(b".\r\n")
            for s in dialogues:
                s.reply("250")
            # Publication may come a little after the 250: wait until the last one is to be seen.
            for user, octets in zip(self.users[-3:], messages[-3:]):
                self.mail.find(user, octets)
        return trace

    def assert_few_commits(self, trace, what):
        store = re.escape(str(self.mail.folder / "store"))
        flushes = metas = segment_flushes = 0
        for _, call in trace.lines():
            if re.match(rf"(fdatasync|fsync)\(\d+<{store}/[^>]*data\.mdb>|msync\(", call):
                flushes += 1
            if found := re.match(rf"pwrite64\(\d+<{store}/[^>]*data\.mdb>, .*, (\d+)(\) +=| <unfinished)", call):
                metas += int(found[1]) < META_PAGES_OCTETS
            if re.match(rf"(fdatasync|fsync)\(\d+<{store}/[^>]*\.seg>", call):
                segment_flushes += 1
        commits = max(flushes, metas)
        figures = f"{what}: {commits} index commits ({flushes} flushes, {metas} meta pages), "
        figures += f"{segment_flushes} log flushes"
        print(figures, file=sys.stderr)
        self.assertGreaterEqual(commits, 1, "no commit seen at all: the trace looks at the wrong files")
        self.assertGreaterEqual(segment_flushes, 1, figures)
        self.assertLessEqual(commits, INDEX_COMMITS_MAX, figures)
        self.assertLessEqual(segment_flushes, DELIVERIES / 2, figures)

    def test_fifty_deliveries_by_lmtp(self):
        self.assert_few_commits(self.deliver_together("lmtp"), "50 by LMTP")

    def test_fifty_deliveries_by_smtp(self):
        self.assert_few_commits(self.deliver_together("smtp"), "50 by SMTP")


if __name__ == "__main__":
    unittest.main()
