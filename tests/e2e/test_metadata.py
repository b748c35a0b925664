"""Does what clients annotate last, and does every session of theirs hear of it?"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import must


class Metadata(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mail = support.Installation(users=("alice", "bob"))
        cls.enterClassContext(cls.mail)
        cls.mail.start()

    def annotations(self, client, *arguments):
        must(client.xatom("GETMETADATA", *arguments))
        return client.response("METADATA")[1]

    def client(self, name="alice"):
        client = self.mail.imap(name)
        self.addCleanup(client.shutdown)
        return client

    def test_annotations_outlive_a_crash_and_follow_their_mailbox(self):
        client = self.client()
        self.assertIn(b"METADATA", must(client.capability())[0].split())
        must(client.create("Lists"))
        must(client.xatom("SETMETADATA", "Lists", '(/private/comment "Mine" /shared/comment "All of ours")'))
        must(client.xatom("SETMETADATA", '""', '(/private/vendor/example/theme "dark")'))
        must(client.rename("Lists", "Post"))
        self.mail.kill_everything()
        self.mail.start()
        client = self.client()
        self.assertEqual(
            self.annotations(client, "(DEPTH infinity)", "Post", "(/private /shared)"),
            [b'Post (/private/comment "Mine" /shared/comment "All of ours")'],
        )
        self.assertEqual(
            self.annotations(client, '""', "(/private/vendor/example/theme /shared/admin)"),
            [b'"" (/private/vendor/example/theme "dark" /shared/admin "mailto:postmaster@%s")' % support.DOMAIN.encode()],
        )
        self.assertEqual(
            self.annotations(self.client("bob"), '""', "/private/vendor/example/theme"),
            [b'"" (/private/vendor/example/theme NIL)'],
        )

    def test_another_session_hears_of_it(self):
        listener, speaker = self.client(), self.client()
        must(listener.enable("METADATA"))
        must(speaker.xatom("SETMETADATA", "INBOX", '(/private/comment "new")'))

        def heard():
            must(listener.noop())
            return listener.response("METADATA")[1] == [b"INBOX /private/comment"]

        support.wait_until(heard, "the change was not told")


if __name__ == "__main__":
    unittest.main()
