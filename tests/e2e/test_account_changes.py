"""Does a changed password, a deleted app password or a deleted user end the sessions that it opened, and no others?"""

import fcntl
import imaplib
import json
import os
import pty
import select
import signal
import smtplib
import subprocess
import sys
import termios
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import address, message, must

# The promise is two seconds; a loaded machine is granted more, idle sessions would stay for half an hour.
PATIENCE_S = 20


class Terminal:
    """The command at a terminal of its own."""

    def __init__(self, *arguments):
        self.master, self.slave = pty.openpty()

        def take_terminal():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [support.BIN / "posthaste", *arguments],
            **dict.fromkeys(("stdin", "stdout", "stderr"), self.slave),
            start_new_session=True,
            preexec_fn=take_terminal,
        )
        self.said = b""

    def wait_for(self, words):
        while words not in self.said:
            ready, _, _ = select.select([self.master], [], [], PATIENCE_S)
            if not ready:
                raise AssertionError(f"{words} did not come, but {self.said}")
            self.said += os.read(self.master, 4096)

    def type(self, octets):
        os.write(self.master, octets)

    def shows_what_is_typed(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class AccountChanges(support.MailTest):
    users = ("alice", "bob", "carol", "dave", "erin", "frank")
    settings = {"workers.count": 2}

    def goodbye(self, client, expected=b"* BYE [EXPIRED]"):
        """What an idling IMAP client hears before its connection ends."""
        client.sock.settimeout(PATIENCE_S)
        self.assertTrue(client.readline().startswith(expected))
        while client.readline():
            pass

    def idle(self, client):
        client.send(b"i IDLE\r\n")
        self.assertTrue(client.readline().startswith(b"+"))
        return client

    def at_terminal(self, *arguments):
        terminal = Terminal("-C", self.mail.folder, "user", *arguments)
        self.addCleanup(terminal.end)
        return terminal

    def test_interrupted_password_prompt_leaves_the_terminal_as_it_was(self):
        for key, number in ((b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)):
            for typed in (b"", b"half", b"whole\n"):
                terminal = self.at_terminal("password", address("dave"))
                terminal.wait_for(b"Password: ")
                self.assertFalse(terminal.shows_what_is_typed())
                terminal.type(typed)
                if b"\n" in typed:
                    terminal.wait_for(b"Once more: ")
                terminal.type(key)
                self.assertEqual(terminal.process.wait(PATIENCE_S), -number)
                self.assertTrue(terminal.shows_what_is_typed())

    def test_no_password_is_asked_for_in_vain(self):
        for arguments, reason in (
            (("password", address("nobody")), "does not exist"),
            (("password", "nobody"), "name the whole of it, such as nobody@example.org"),
            (("add", address("alice")), "exists already"),
            (("add", "alice@elsewhere.example"), "domain that is not ours"),
            (("add", "alice"), "is not an address"),
        ):
            terminal = self.at_terminal(*arguments)
            terminal.wait_for(reason.encode())
            self.assertEqual(terminal.process.wait(PATIENCE_S), 1, arguments)
            self.assertNotIn(b"Password", terminal.said)

    def test_changed_password_ends_every_session_of_the_user(self):
        sent = message("Stays")
        self.mail.deliver(sent, "alice")
        self.mail.find("alice", sent)
        idling = [self.mail.imap("alice", implicit=tls) for tls in (False, True)]
        for client in idling:
            must(client.select())
            self.idle(client)
        pop3 = self.mail.pop3("alice")
        count = pop3.stat()[0]
        pop3.dele(1)
        smtp = self.mail.submission("alice")
        bystander = self.mail.imap("bob")

        self.mail.run("user", "password", address("alice"), "--password-stdin", input="another\n")
        for client in idling:
            self.goodbye(client)
        pop3.sock.settimeout(PATIENCE_S)
        self.assertEqual(pop3.file.readline(), b"", "closed without a word")
        smtp.sock.settimeout(PATIENCE_S)
        self.assertEqual(smtp.getreply()[0], 421)
        must(bystander.noop())
        self.assertEqual(bystander.noop()[0], "OK", "others stay")

        self.mail.run("user", "password", address("alice"), "--password-stdin", input=support.password("alice") + "\n")
        pop3 = self.mail.pop3("alice")
        self.assertEqual(pop3.stat()[0], count, "nothing was removed")
        pop3.quit()

    def test_deleted_app_password_ends_its_own_sessions_alone(self):
        made = json.loads(
            self.mail.run("--json", "user", "app-password", "add", address("bob"), "--name", "phone")
        )
        phone = imaplib.IMAP4(self.mail.host, self.mail.port("imap"), timeout=PATIENCE_S)
        phone.starttls(self.mail.tls())
        phone.login(address("bob"), made["password"])
        own = self.mail.imap("bob")
        self.idle(phone)
        self.mail.run("user", "app-password", "delete", address("bob"), "phone")
        self.goodbye(phone)
        must(own.noop())

    def test_deleted_user_is_sent_away(self):
        idling = self.idle(self.mail.imap("carol"))
        other = self.idle(self.mail.imap("dave"))
        self.mail.run("user", "delete", address("carol"))
        self.goodbye(idling)
        other.send(b"DONE\r\n")
        self.assertTrue(other.readline().startswith(b"i OK"))
        with self.assertRaises(imaplib.IMAP4.error):
            self.mail.imap("carol")


    def cleared(self, user):
        """Waits until the log says that nothing is left of the user; what it says."""

        def look():
            said = (self.mail.folder / "log" / "deliveryd.log").read_text()
            return next((line for line in said.splitlines() if f"store.user.cleared user={user} " in line), None)

        return support.wait_until(look, f"the mail of user {user} is gone")

    def test_mail_of_a_deleted_user_goes_though_deliveryd_is_killed_meanwhile(self):
        users = json.loads(self.mail.run("--json", "user", "list"))
        number = next(user["id"] for user in users if user["address"] == address("erin"))
        sent = message("Old")
        self.mail.deliver(sent, "erin")
        self.mail.find("erin", sent)
        client = self.mail.imap("erin")
        must(client.select())
        for _ in range(13):  # 8,192 messages
            must(client.copy("1:*", "INBOX"))
            must(client.select())
        must(client.create("Mine"))
        others = message("Of another")
        self.mail.deliver(others, "frank")
        self.mail.run("user", "delete", address("erin"))
        support.wait_until(
            lambda: f"store.user.clearing user={number} " in (self.mail.folder / "log" / "deliveryd.log").read_text(),
            "the work has begun",
        )
        os.kill(self.mail.child("deliveryd"), signal.SIGKILL)
        self.mail.run("user", "add", address("erin"), "--password-stdin", input=support.password("erin") + "\n")
        fresh = message("New")
        support.wait_until(lambda: self.is_delivered(fresh, "erin"), "deliveryd is there again")
        self.cleared(number)
        there = [support.message_id(octets) for octets in self.mail.messages("erin").values()]
        self.assertEqual(there, [support.message_id(fresh)])
        again = self.mail.imap("erin")
        self.assertNotIn(b"Mine", b"".join(must(again.list())))
        self.mail.find("frank", others)
        self.mail.stop()
        report = json.loads(self.mail.run("--json", "store", "check"))
        self.mail.start()
        self.assertEqual(report.get("problems"), [])

    def is_delivered(self, octets, user):
        try:
            with self.mail.lmtp() as client:
                return client.sendmail("", [address(user)], octets) == {}
        except (OSError, smtplib.SMTPException):
            return False


if __name__ == "__main__":
    unittest.main(verbosity=2)
