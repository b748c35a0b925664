"""Thunderbird, as Debian ships it: a person's day with an account by IMAP, then with one by POP3."""

import base64
import imaplib
import itertools
import re
import ssl
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
import thunderbird
from support import HOSTNAME, address, message, must, password

PLAIN_UTF8 = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"

REFUSED = r"(?:FromSocket: \d+ (?:NO|BAD)|\bS: -ERR|\bS: [45]\d\d) .*"  # by IMAP, POP3 and SMTP, in its record


class ThunderbirdTest(support.MailTest):
    """One Thunderbird with an account of one kind. Each test has subjects and folders of its own."""

    users = ("alice", "bob")
    settings = {"workers.count": 2}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.thunderbird = cls.enterClassContext(thunderbird.Thunderbird())
        cls.script = cls.thunderbird.run

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before and hasattr(self, "thunderbird"):
            print(f"What Thunderbird saw:\n{self.thunderbird.protocol()}", file=sys.stderr)
        return result

    def tearDown(self):
        """Nothing that Thunderbird said was refused."""
        self.assertEqual(re.findall(REFUSED, self.thunderbird.protocol(100_000)), [])

    @classmethod
    def make_account(cls, kind, port, socket_type):
        """As the wizard does after its questions; the certificate that nobody signed is accepted by hand."""
        certificate = ssl.PEM_cert_to_DER_cert(cls.mail.certificate.read_text())
        incoming = {"type": kind, "host": HOSTNAME, "port": cls.mail.port(port), "socketType": socket_type}
        outgoing = {"host": HOSTNAME, "port": cls.mail.port("submission"), "socketType": "alwaysSTARTTLS"}
        cls.script(
            "const [certificate, address, password, incoming, outgoing] = arguments;"
            "for (const server of [incoming, outgoing]) trust(server.host, server.port, certificate);"
            "makeAccount(address, password, incoming, outgoing);",
            *(base64.b64encode(certificate).decode(), address("alice"), password("alice"), incoming, outgoing),
        )

    def until(self, expression, *arguments):
        """Waits until the expression is true in Thunderbird."""
        support.wait_until(lambda: self.script(f"return !!({expression});", *arguments), expression)

    def write_and(self, command, subject, body, to="bob"):
        """Writes a message in a window and clicks once."""
        kind = self.kind
        self.script("write(...arguments);", address(to), subject, body, kind)
        self.until("composition()?.document.readyState == 'complete' && composition().gMsgCompose?.editor != null")
        self.until("composition().composeEditorReady !== false")
        self.script("composition().goDoCommand(arguments[0]);", command)


class ByImap(ThunderbirdTest):
    kind = "imap"
    numbers = itertools.count(1)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_account("imap", "imap", "alwaysSTARTTLS")
        cls.script("update('INBOX');")
        cls.other = cls.mail.imap("alice", implicit=True)
        cls.addClassCleanup(cls.other.logout)

    def mailbox_with(self, *subjects, **parts):
        """A mailbox and messages that another client made, as soon as Thunderbird has found them; its name."""
        mailbox = f"Folder {next(self.numbers)}"
        must(self.other.create(f'"{mailbox}"'))
        must(self.other.subscribe(f'"{mailbox}"'))
        self.refresh_folders()
        self.until("folder(...arguments)", mailbox)
        for subject in subjects:
            must(self.other.append(f'"{mailbox}"', None, None, message(subject, **parts)))
        for subject in subjects:
            self.until_found("message(...arguments)", mailbox, subject)
        return mailbox

    def refresh_folders(self):
        self.script("accountOf('imap').incomingServer.performExpand(null);")

    def until_found(self, expression, mailbox, *arguments):
        """Clicks on the folder until the expression is true: elsewhere too Thunderbird needs its few connections."""
        script = f"update(arguments[0]); return await soon(() => {expression});"
        support.wait_until(lambda: self.script(script, mailbox, *arguments), expression)

    def flags(self, mailbox, subject):
        """The flags of the one message with that subject on the server, or None when there is none."""
        must(self.other.select(f'"{mailbox}"', readonly=True))
        uids = must(self.other.uid("SEARCH", "HEADER", "Subject", f'"{subject}"'))[0].split()
        if not uids:
            return None
        self.assertEqual(len(uids), 1, subject)
        line = must(self.other.uid("FETCH", uids[0], "(FLAGS)"))[-1]  # after any that tell of a change
        return line and {flag.decode() for flag in imaplib.ParseFlags(line)}

    def until_flags(self, mailbox, subject, *flags):
        seen = []

        def look():
            seen[:] = [self.flags(mailbox, subject)]
            return seen == [set(flags)]

        try:
            support.wait_until(look, f"{subject} has {flags} in {mailbox}")
        except AssertionError as error:
            raise AssertionError(f"{error}, but {seen}") from None

    def mailboxes(self):
        return {line.split(b' "/" ')[1].strip(b'"').decode() for line in must(self.other.list())}

    def test_the_folders_stand_under_their_roles(self):
        flags = self.script(
            "const {Inbox, Drafts, SentMail, Trash, Archive, Junk} = Ci.nsMsgFolderFlags;"
            "return Object.entries({Inbox, Drafts, SentMail, Trash, Archive, Junk}).map(([role, flag]) =>"
            "  [role, accountOf('imap').incomingServer.rootFolder.getFolderWithFlags(flag)?.URI.split('/').at(-1)]);"
        )
        self.assertEqual(
            dict(flags),
            {"Inbox": "INBOX", "Drafts": "Drafts", "SentMail": "Sent", "Trash": "Trash", "Archive": "Archive"}
            | {"Junk": "Junk"},
        )

    def test_a_message_that_is_read_is_seen(self):
        mailbox = self.mailbox_with("To be read", fields=PLAIN_UTF8, body="Grüße.\r\n".encode())
        self.assertEqual(self.flags(mailbox, "To be read"), set())
        self.until("show(...arguments)", mailbox, "To be read")
        self.until("shown()?.includes('Grüße.')")
        self.until_flags(mailbox, "To be read", r"\Seen")

    def test_stars_and_tags_are_flags(self):
        mailbox = self.mailbox_with("To be tagged")
        self.script(
            "const found = message(...arguments);"
            "found.folder.markMessagesFlagged([found], true);"
            "found.folder.addKeywordsToMessages([found], '$label1 later');",
            *(mailbox, "To be tagged"),
        )
        self.until_flags(mailbox, "To be tagged", r"\Flagged", "$label1", "later")
        self.script(
            "const found = message(...arguments);"
            "found.folder.markMessagesFlagged([found], false);"
            "found.folder.removeKeywordsFromMessages([found], '$label1');",
            *(mailbox, "To be tagged"),
        )
        self.until_flags(mailbox, "To be tagged", "later")

    def test_messages_are_copied_and_moved(self):
        there = self.mailbox_with()
        mailbox = self.mailbox_with("First", "Second", "Third")
        self.script("await transfer(...arguments);", mailbox, ["First"], there, False)
        self.script("await transfer(...arguments);", mailbox, ["Second", "Third"], there, True)
        self.until_found("subjects(arguments[0]).join() == 'First,Second,Third'", there)
        self.until("subjects(arguments[0]).join() == 'First'", mailbox)
        self.assertEqual([self.flags(there, subject) is None for subject in ("First", "Second", "Third")], [False] * 3)
        self.assertEqual([self.flags(mailbox, subject) is None for subject in ("First", "Second")], [False, True])

    def test_a_deleted_message_is_in_the_trash(self):
        mailbox = self.mailbox_with("To be deleted", "To be kept")
        self.script(
            "const found = message(...arguments);"
            "found.folder.deleteMessages([found], null, false, true, null, false);",
            *(mailbox, "To be deleted"),
        )
        support.wait_until(lambda: self.flags("Trash", "To be deleted") is not None, "it is in the trash")
        support.wait_until(lambda: self.flags(mailbox, "To be deleted") is None, "it is gone")
        self.assertIsNotNone(self.flags(mailbox, "To be kept"))
        self.script("folder('Trash').emptyTrash(null);")
        support.wait_until(lambda: self.flags("Trash", "To be deleted") is None, "the trash is empty")

    def test_folders_are_made_renamed_and_deleted(self):
        self.script("accountOf('imap').incomingServer.rootFolder.createSubfolder('Projects & Plans', null);")
        self.until("folder('Projects & Plans')?.name")
        self.script("folder('Projects & Plans').createSubfolder('Übersee', null);")
        self.until("folder('Projects & Plans/Übersee')?.name")
        self.assertLessEqual({"Projects &- Plans", "Projects &- Plans/&ANw-bersee"}, self.mailboxes())
        must(self.other.append('"Projects &- Plans/&ANw-bersee"', None, None, message("Kept")))

        self.script("folder('Projects & Plans').rename('Done', null);")
        self.until("folder('Done/Übersee')?.name")
        support.wait_until(lambda: {"Done", "Done/&ANw-bersee"} <= self.mailboxes(), "renamed on the server")
        self.assertFalse([name for name in self.mailboxes() if name.startswith("Projects")])
        self.assertIsNotNone(self.flags("Done/&ANw-bersee", "Kept"))
        must(self.other.unselect())

        self.script("setTimeout(() => folder('Done/Übersee').deleteSelf(null));")
        self.thunderbird.accept("delete the folder 'Übersee'?")
        support.wait_until(lambda: "Trash/&ANw-bersee" in self.mailboxes(), "it is in the trash")
        self.assertNotIn("Done/&ANw-bersee", self.mailboxes())
        self.until("folder('Trash/Übersee')")
        self.script("setTimeout(() => folder('Trash/Übersee').deleteSelf(null));")
        self.thunderbird.accept("delete the folder 'Übersee'?")
        support.wait_until(lambda: "Trash/&ANw-bersee" not in self.mailboxes(), "deleted on the server")
        self.assertIn("Done", self.mailboxes())

    def test_a_draft_is_saved_on_the_server(self):
        self.write_and("cmd_saveAsDraft", "A draft", "Not finished")
        self.until_flags("Drafts", "A draft", r"\Draft")
        self.script("composition().close();")
        self.until("composition() == null")

    def test_a_sent_message_arrives_and_is_kept_in_sent(self):
        self.write_and("cmd_sendNow", "On its way", "Hello Bob,\nhere it is.\n")
        self.until("composition() == null")
        support.wait_until(lambda: self.flags("Sent", "On its way") is not None, "it is in Sent")

        def arrived():
            return [octets for octets in self.mail.messages("bob").values() if b"Subject: On its way\r\n" in octets]

        (received,) = support.wait_until(arrived, "Bob has it")
        must(self.other.select("Sent", readonly=True))
        (number,) = must(self.other.search(None, "SUBJECT", '"On its way"'))[0].split()
        kept = must(self.other.fetch(number, "(BODY.PEEK[])"))[0][1]
        self.assertEqual(support.message_id(received), support.message_id(kept))
        self.assertTrue(received.endswith(b"\r\n\r\nHello Bob,\r\nhere it is.\r\n"), received)
        self.assertEqual(kept.partition(b"\r\n\r\n")[2], received.partition(b"\r\n\r\n")[2])

    def test_the_server_searches(self):
        mailbox = self.mailbox_with("A needle", "Hay")
        must(self.other.append(f'"{mailbox}"', None, None, message("More hay", b"Deep inside: a Needle.\r\n")))
        must(self.other.append(f'"{mailbox}"', None, None, message("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", b"8 bits.\r\n")))
        self.until_found("message(...arguments)", mailbox, "More hay")
        for attribute, text, found in (
            ("Body", "needle", ["More hay"]),
            ("Subject", "needle", ["A needle"]),
            ("Subject", "GRÜSSE", []),
            ("Subject", "GRÜ", ["=?utf-8?q?Gr=C3=BC=C3=9Fe?="]),
            ("Sender", "alice@", ["=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "A needle", "Hay", "More hay"]),
            ("Body", "not in any of them", []),
        ):
            with self.subTest(attribute=attribute, text=text):
                self.assertEqual(self.script("return await search(...arguments);", mailbox, attribute, text), found)

    def test_new_mail_is_seen_while_idling(self):
        self.script("update('INBOX');")
        self.mail.deliver(message("Heard of"), "alice")
        self.until("message('INBOX', 'Heard of')")  # nobody asked for it
        self.assertRegex(self.thunderbird.protocol(10_000), r"S-INBOX:SendData: \d+ IDLE")

    def test_changes_by_another_client_are_seen(self):
        mailbox = self.mailbox_with("Flagged elsewhere", "Deleted elsewhere", "Left alone")
        self.until("show(...arguments)", mailbox, "Left alone")
        self.until_flags(mailbox, "Left alone", r"\Seen")
        must(self.other.select(f'"{mailbox}"'))
        must(self.other.store("1", "+FLAGS", r"(\Flagged \Answered $label2)"))
        must(self.other.store("2", "+FLAGS", r"(\Deleted)"))
        must(self.other.expunge())
        self.until_found("message(...arguments) == null", mailbox, "Deleted elsewhere")
        self.until_found("message(...arguments).isFlagged", mailbox, "Flagged elsewhere")
        self.until_found(
            "message(...arguments).getStringProperty('keywords') == '$label2'", mailbox, "Flagged elsewhere"
        )
        self.assertEqual(
            self.script("return subjects(arguments[0]);", mailbox), ["Flagged elsewhere", "Left alone"]
        )

        must(self.other.rename(f'"{mailbox}"', "Elsewhere"))
        must(self.other.subscribe("Elsewhere"))  # RENAME leaves subscriptions alone (RFC 9051 §6.3.6)
        must(self.other.unsubscribe(f'"{mailbox}"'))
        self.refresh_folders()
        self.until("folder('Elsewhere')?.name")
        self.until("folder(arguments[0]) == null", mailbox)


class ByPop3(ThunderbirdTest):
    kind = "pop3"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_account("pop3", "pop3s", "SSL")

    def get_mail(self):
        self.script(
            "const server = accountOf('pop3').incomingServer;"
            "await run(listener => MailServices.pop3.GetNewMail(null, listener, folder('Inbox', 'pop3'), server));"
        )

    def on_the_server(self, *subjects):
        """How many messages with these subjects there are."""
        found = self.mail.messages("alice").values()
        return sum(b"Subject: %s\r\n" % subject.encode() in octets for octets in found for subject in subjects)

    def test_messages_are_fetched_once_and_left_on_the_server(self):
        self.script("accountOf('pop3').incomingServer.setBoolValue('leave_on_server', true);")
        for subject in ("First", "Second"):
            self.mail.deliver(message(subject, b"One.\r\n..Two.\r\n"), "alice")
        support.wait_until(lambda: self.on_the_server("First", "Second") == 2, "both are there")
        for _ in range(2):
            self.get_mail()
            for subject in ("First", "Second"):
                self.until("message('Inbox', arguments[0], 'pop3')", subject)  # throws when there are two
        self.assertEqual(self.on_the_server("First", "Second"), 2)
        self.until("show('Inbox', 'First', 'pop3')")
        self.until("shown()?.includes('One.\\n..Two.')")

    def test_a_message_deleted_here_is_deleted_on_the_server(self):
        self.script(
            "const server = accountOf('pop3').incomingServer;"
            "server.setBoolValue('leave_on_server', true);"
            "server.setBoolValue('delete_mail_left_on_server', true);"
        )
        self.mail.deliver(message("Deleted here"), "alice")
        support.wait_until(lambda: self.on_the_server("Deleted here"), "it is there")
        self.get_mail()
        self.until("message('Inbox', 'Deleted here', 'pop3')")
        self.script(
            "const found = message('Inbox', 'Deleted here', 'pop3');"
            "found.folder.deleteMessages([found], null, true, false, null, false);"
        )
        self.until("!message('Inbox', 'Deleted here', 'pop3')")
        self.get_mail()
        support.wait_until(lambda: not self.on_the_server("Deleted here"), "it is gone from the server")

    def test_an_answer_is_submitted(self):
        self.write_and("cmd_sendNow", "By POP3 and submission", "Hello.\n")
        self.until("composition() == null")
        support.wait_until(
            lambda: [m for m in self.mail.messages("bob").values() if b"Subject: By POP3 and submission" in m],
            "Bob has it",
        )
        self.until("message('Sent', 'By POP3 and submission', 'pop3')")

    def test_messages_are_deleted_on_the_server_when_they_are_not_left_there(self):
        self.script("accountOf('pop3').incomingServer.setBoolValue('leave_on_server', false);")
        self.mail.deliver(message("Taken away"), "alice")
        support.wait_until(lambda: self.on_the_server("Taken away"), "it is there")
        self.get_mail()
        self.until("message('Inbox', 'Taken away', 'pop3')")
        support.wait_until(lambda: not self.on_the_server("Taken away"), "it is gone from the server")


if __name__ == "__main__":
    unittest.main()
