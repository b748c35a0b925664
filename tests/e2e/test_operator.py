"""What the operator's command says: the truth, the same as the daemons say, and what to do."""

import contextlib
import json
import os
import shutil
import signal
import stat
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import BIN, address, execute, message, wait_until

MARK = b"the octets to be damaged\r\n"


class OperatorTest(support.LoggedTest):
    def set_up(self, users=("alice", "bob"), settings=None):
        self.mail = self.enterContext(support.Installation(users, {"dns.servers": [support.HOST], **(settings or {})}))
        self.mail.start()
        self.store = self.mail.folder / "store"

    def refused(self, *command, **options):
        """What is said by a command that fails."""
        done = self.mail.try_run(*command, **options)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def flip(self, folder, mark=MARK):
        """One bit of the first `mark` in a log."""
        for segment in (folder / "log").glob("*.seg"):
            octets = segment.read_bytes()
            if mark not in octets:
                continue
            with segment.open("r+b") as file:
                file.seek(octets.find(mark))
                file.write(bytes([octets[octets.find(mark)] ^ 0x10]))
            return
        self.fail(f"{mark} is in no segment")

    def log_of(self, daemon):
        return (self.mail.folder / "log" / f"{daemon}.log").read_text()

    def deliver(self, *bodies, recipient="bob"):
        for body in bodies:
            self.mail.deliver(message(body=body), self.mail.address(recipient))


class Logs(OperatorTest):
    def test_check_and_start_say_the_same_of_the_log(self):
        self.set_up()
        self.deliver(MARK, b"two\r\n")
        self.mail.stop()
        segment = self.store / "log/00000001.seg"
        saved = self.mail.folder / "saved.seg"
        segment.rename(saved)
        for command in (("store", "check"), ("start",)):
            said = self.refused(*command)
            self.assertIn("00000001.seg: is missing", said, command)
        self.assertIn("do not fit together", said)
        saved.rename(segment)

        # The index is gone. Beside a damaged log nothing half-made stays; from a sound one it is made, and told of.
        sound = segment.read_bytes()
        shutil.rmtree(self.store / "index")
        self.flip(self.store)
        self.assertIn("is gone", self.refused("store", "check"))
        self.assertIn("blob 1 in segment 1", self.refused("store", "check"))
        said = self.refused("start")
        self.assertRegex(said, r"damaged: blob 1 in segment 1 .*mailbox INBOX, UID 1")
        self.assertFalse((self.store / "index/data.mdb").exists())
        self.assertFalse((self.store / "index.new").exists())
        self.assertIn("index", self.refused("store", "check"), "and it does not say that this is sound")
        with segment.open("r+b") as file:
            file.write(sound)
        self.assertIn("The log can be read to its end", self.refused("store", "check"))
        self.mail.start()
        self.assertRegex(self.log_of("deliveryd"), r"store\.index\.remade users=1 messages=2 damaged_passed_over=0 ms=\d+")
        self.assertIn("1 user with mailboxes", self.mail.run("store", "check"))

        self.mail.stop()
        shutil.rmtree(self.mail.folder / "queue/index")
        segment.rename(saved)
        self.assertIn("holds nothing to make an index from", self.refused("store", "rebuild"))

    def test_a_log_that_does_not_fit_its_index_is_tried_by_itself(self):
        self.set_up()
        self.deliver(b"one\r\n")
        self.mail.stop()
        segment = self.store / "log/00000001.seg"
        earlier = segment.read_bytes()
        self.mail.start()
        self.deliver(b"two\r\n")
        self.mail.stop()
        segment.write_bytes(earlier)
        self.assertRegex(self.refused("start"), 'do not fit together: .*"posthaste store rebuild"')
        said = self.refused("store", "rebuild")
        self.assertIn("the old index has 2 messages, and the log 1: its end is missing or damaged", said)
        self.assertIn("left as it was", said)
        self.assertRegex(self.refused("start"), "do not fit together", "nothing was changed")
        said = self.mail.run("store", "rebuild", "--accept-loss")
        self.assertIn("1 user, 1 message.", said)
        self.assertIn("the old index has 2 messages", said)
        self.mail.start()
        self.mail.stop()

        segment.write_bytes(b"\0" * 64 + earlier[64:])
        self.assertIn("do not fit together", self.refused("start"))
        said = self.refused("store", "rebuild")
        self.assertRegex(said, "the log itself is damaged: take the folder store from a backup")
        self.assertIn("left as it was", said)

    def test_what_may_not_be_read_is_not_taken_for_nothing(self):
        self.set_up()
        self.deliver(b"one\r\n")
        self.mail.stop()
        as_root = os.geteuid() == 0
        for name, commands in (("store", ["check"]), ("queue", ["check", "list"])):
            folder = self.mail.folder / name
            before = folder.stat()
            if as_root:
                os.chown(folder, 0, 0)
            folder.chmod(0o700 if as_root else 0)
            for command in commands:
                self.assertIn("Permission denied", self.refused(name, command), (name, command))
            folder.chmod(before.st_mode & 0o777)
            if as_root:
                os.chown(folder, before.st_uid, before.st_gid)

    def test_a_damaged_body_is_named_and_one_that_is_gone_hinders_nobody(self):
        self.set_up()
        self.deliver(b"one\r\n", MARK, b"three\r\n")
        self.flip(self.store)
        said = self.refused("store", "check", "--bodies")
        self.assertIn("user 2, mailbox INBOX, UID 2", said)
        self.assertIn(f"User 2 is {address('bob')}", said)
        self.mail.stop()
        said = self.refused("store", "rebuild")
        self.assertIn("user 2, mailbox INBOX, UID 2", said)
        self.assertFalse((self.store / "index.new").exists())

        self.mail.start()
        client = self.mail.imap("bob")
        client.select("INBOX")
        client.store("2", "+FLAGS", r"(\Deleted)")
        client.expunge()
        client.logout()
        self.assertIn("its message was deleted, so nothing is lost", self.mail.run("store", "check", "--bodies"))
        self.mail.stop()
        said = self.mail.run("store", "rebuild")
        self.assertIn("1 user, 2 messages", said)
        self.assertIn("nothing is lost", said)
        self.mail.start()
        self.assertEqual(len(self.mail.messages("bob")), 2)

    def test_a_damaged_record_that_is_no_message_is_called_none(self):
        self.set_up()
        self.deliver(b"one\r\n")
        client = self.mail.imap("bob")
        client.select("INBOX")
        client.store("1", "+FLAGS", "Marker77")
        client.logout()
        self.deliver(b"two\r\n")
        self.mail.stop()
        self.flip(self.store, b"Marker77")
        said = self.refused("store", "check", "--bodies")
        self.assertRegex(said, '00000001.seg: damaged at octet .*"posthaste store rebuild" fails')
        self.assertIn("The damaged record is no message. What it said is in the index", said)
        for wrong in ("expunge", "make the index again"):
            self.assertNotIn(wrong, said)
        self.mail.start()
        self.assertEqual(len(self.mail.messages("bob")), 2)

    def test_a_new_installation_has_nothing_and_nothing_is_wrong(self):
        self.mail = self.enterContext(support.Installation())
        self.assertIn("Nothing is stored yet", self.mail.run("store", "check"))
        self.assertIn("Nothing was queued yet", self.mail.run("queue", "check"))
        self.assertIn("The queue is empty", self.mail.run("queue", "list"))


class Missing(OperatorTest):
    """A store or a queue that was there once: its disk is not mounted, or its path is wrong."""

    def give(self, path):
        """To the daemons' user."""
        if os.geteuid() == 0:
            owner = (self.mail.folder / "directory").stat()
            os.chown(path, owner.st_uid, owner.st_gid)

    def test_what_is_not_there_is_not_begun_anew(self):
        self.set_up()
        self.deliver(b"one\r\n")
        self.mail.submit("alice", message(body=b"two\r\n"), "carol@nowhere.invalid")
        self.mail.stop()
        for name, further in (("store", ("user", "add", address("eve"), "--password-stdin")), ("queue", ("queue", "list"))):
            folder = self.mail.folder / name
            away = self.mail.folder / (name + ".away")
            folder.rename(away)
            for is_empty in (False, True):
                if is_empty:
                    folder.mkdir(exist_ok=True)
                    self.give(folder)
                for command in (("start",), (name, "check"), (name, "rebuild"), further):
                    said = self.refused(*command, input="secret of eve\n")
                    self.assertIn(f"there was a {name} (it was in {folder}): mount its disk", said, command)
                    self.assertIn(f'"posthaste {name} begin-empty"', said, command)
                    self.assertFalse((folder / "log").exists() or (folder / "index").exists(), command)
            folder.rmdir()
            away.rename(folder)
        self.mail.start()
        self.assertEqual(len(self.mail.messages("bob")), 1)
        self.assertEqual(len(self.mail.queue()), 1)

    def test_a_path_that_is_wrong_is_told_of_and_one_that_moved_is_right(self):
        self.set_up()
        self.deliver(b"one\r\n")
        self.mail.stop()
        self.mail.configure({"paths.store": "mail"})
        self.assertIn(f"{self.mail.folder / 'mail'} holds neither a log nor an index", self.refused("start"))
        with contextlib.suppress(FileNotFoundError):
            (self.mail.folder / "mail").rmdir()
        self.store.rename(self.mail.folder / "mail")
        self.mail.start()
        self.assertEqual(len(self.mail.messages("bob")), 1)
        self.mail.stop()
        (self.mail.folder / "mail").rename(self.mail.folder / "away")
        self.assertIn(f"(it was in {self.mail.folder / 'mail'})", self.refused("start"))

    def test_an_empty_one_is_begun_on_demand(self):
        self.set_up()
        self.deliver(b"one\r\n")
        self.mail.stop()
        for name in ("store", "queue"):
            folder = self.mail.folder / name
            self.assertIn(f"{folder} holds a {name}", self.refused(name, "begin-empty"))
            folder.rename(self.mail.folder / (name + ".away"))
            self.refused("start")
            self.assertIn(f"makes an empty {name}", self.mail.run(name, "begin-empty"))
        self.mail.start()
        self.assertIn("deliveryd runs", self.refused("store", "begin-empty"))
        self.assertFalse(self.mail.messages("bob"))
        self.deliver(b"two\r\n")
        wait_until(lambda: len(self.mail.messages("bob")) == 1, "readers see what is durable")

    def test_an_installation_without_a_mark_gets_one_and_a_backup_fits(self):
        self.set_up()
        self.deliver(b"one\r\n")
        self.mail.stop()
        marks = [self.mail.folder / f"directory/{name}.made" for name in ("store", "queue")]
        for mark in marks:
            mark.unlink()
        self.mail.start()
        self.assertTrue(all(mark.exists() for mark in marks))
        self.mail.stop()
        # As it is restored: without the indexes, and with a queue in which nothing was.
        shutil.rmtree(self.store / "index")
        shutil.rmtree(self.mail.folder / "queue/index")
        self.mail.start()
        self.assertEqual(len(self.mail.messages("bob")), 1)


class Directory(OperatorTest):
    """A directory that was overwritten: no command dies of it, and each names it, not the store."""

    COMMANDS = (
        ("user", "list"),
        ("user", "list", "--json"),
        ("alias", "list"),
        ("route", "list"),
        ("domain", "add", "example.net"),
        ("user", "add", address("eve"), "--password-stdin"),
        ("store", "check"),
    )

    def set_up(self, *arguments):
        super().set_up(*arguments)
        self.data = self.mail.folder / "directory/data.mdb"

    def overwrite(self, old, new):
        """Every `old` in the database, in place: the daemons have it mapped."""
        octets = self.data.read_bytes()
        self.assertIn(old, octets)
        with self.data.open("r+b") as file:
            at = octets.find(old)
            while at >= 0:
                file.seek(at)
                file.write(new)
                at = octets.find(old, at + 1)

    def test_no_overwritten_page_ends_a_command_and_the_directory_is_to_blame(self):
        self.set_up()
        self.deliver(b"one\r\n")
        self.mail.run("route", "add", "example.com", "smtp://10.0.0.5")
        self.assertRegex(self.mail.run("directory", "check"), "1 domain, 2 users, 1 alias, .* 1 route: sound")
        self.mail.stop()
        whole = self.data.read_bytes()
        found = 0
        for page in range(2, len(whole) // 4096):
            with self.data.open("r+b") as file:
                file.seek(page * 4096)
                file.write(bytes([(0x55, 0, 0xFF)[page % 3]]) * 4096)
            checked = self.mail.try_run("directory", "check")
            self.assertIn(checked.returncode, (0, 1), f"page {page}: {checked.stderr}")
            if checked.returncode == 1:
                found += 1
                self.assertIn("directory from a backup", checked.stdout + checked.stderr, page)
                command = self.COMMANDS[found % len(self.COMMANDS)]
                done = self.mail.try_run(*command, input="secret of eve\n")
                said = done.stdout + done.stderr
                self.assertIn(done.returncode, (0, 1), f"page {page}, {command}: {said}")
                self.assertNotIn("store's index", said, (page, command))
                self.assertNotIn("terminate called", said, (page, command))
                if command[-1] == "--json":
                    json.loads(done.stdout)
            with self.data.open("r+b") as file:
                file.write(whole)
                file.truncate()
        self.assertGreaterEqual(found, 8)

    def test_a_directory_cut_short_is_told_of_by_every_command(self):
        self.set_up()
        self.mail.stop()
        os.truncate(self.data, self.data.stat().st_size // 2)
        for command in (*self.COMMANDS[:-1], ("directory", "check"), ("start",)):
            said = self.refused(*command, input="secret of eve\n")
            self.assertRegex(said, r"directory/data\.mdb is damaged.*from a backup", command)
        self.assertIn("data.mdb is damaged", self.mail.try_run("store", "check").stdout)
        self.assertIn("the directory is not right", self.refused("status"))

    def test_names_that_are_no_text_are_listed_all_the_same(self):
        self.set_up()
        self.mail.run("user", "add", address("eve"), "--name", "M\u00fcller", "--password-stdin", input="secret of eve\n")
        self.overwrite("M\u00fcller".encode(), b"M\xff\xfeller")
        self.assertIn("ller", json.loads(self.mail.run("user", "list", "--json"))[2]["name"])

    def test_daemons_that_meet_damage_say_so_and_status_is_not_green(self):
        self.set_up()
        self.deliver(b"one\r\n")
        self.assertEqual(json.loads(self.mail.run("status", "--json"))["databases"]["directory"], {"sound": True})
        name = address("bob").encode()
        length = len(name).to_bytes(8, "big")
        self.overwrite((1).to_bytes(8, "big") + length + name, b"\xff" * 8)
        with self.mail.smtp() as client:
            client.ehlo("client.example.com")
            client.mail("someone@example.com")
            self.assertEqual(client.rcpt(address("bob"))[0], 451)
        wait_until(lambda: "directory.damaged" in self.log_of("smtpd"), "smtpd tells")
        self.assertRegex(self.log_of("smtpd"), r" error smtpd directory\.damaged file=\S+ reason=.*posthaste directory check")
        said = self.refused("status")
        self.assertEqual(said.count("runs, process"), 4)
        self.assertRegex(said, "the directory is not right: .*posthaste directory check")
        self.assertIn("a user's row is damaged", self.refused("directory", "check"))

    def test_an_index_that_is_damaged_is_told_of_at_runtime_and_by_status(self):
        self.set_up()
        self.deliver(b"one\r\n")
        client = self.mail.imap("bob")
        self.addCleanup(client.shutdown)
        self.data = self.store / "index/data.mdb"
        whole = self.data.read_bytes()
        self.overwrite(b"\x05\0\0\0INBOX", b"\xff\xff\xff\x7f")
        self.assertEqual(client.select("INBOX")[0], "NO")
        wait_until(lambda: "store.index.damaged" in self.log_of("imapd"), "imapd tells")
        self.assertRegex(self.log_of("imapd"), r" error imapd store\.index\.damaged file=\S+ reason=.*posthaste store rebuild")
        self.mail.stop()
        with self.data.open("r+b") as file:
            file.write(whole[:4096] + b"\x55" * 4096 * 2 + whole[3 * 4096 :])
            file.seek(3 * 4096)
            file.write(b"\x55" * (len(whole) - 3 * 4096))
        said = self.refused("status")
        self.assertRegex(said, "the store is not right: .*posthaste store rebuild")
        for command in (("store", "check"), ("user", "add", address("eve"), "--password-stdin")):
            said = self.refused(*command, input="secret of eve\n")
            self.assertIn("posthaste store rebuild", said, command)
            self.assertNotIn("directory from a backup", said, command)


class Backup(OperatorTest):
    def test_what_the_documentation_says_makes_a_backup_that_can_be_restored(self):
        self.set_up()
        self.deliver(MARK)
        self.mail.submit("alice", message(body=b"sent meanwhile\r\n"), "carol@nowhere.invalid")
        text = (support.TOP / "docs/operating.md").read_text()
        script, on_a_new_machine, in_place = text.split("## Backup and restoring")[1].split("```\n")[1:6:2]
        self.run_as_documented(script)
        self.deliver(b"lost with what is restored\r\n")
        self.run_as_documented(in_place)
        self.assert_restored()
        self.assertEqual(stat.S_IMODE((self.mail.top / "backup.tgz").stat().st_mode), 0o600)

        self.mail.stop()
        self.mail.folder.rename(self.mail.top / "the old machine")
        said = self.run_as_documented(on_a_new_machine)
        self.assertIn("1 user with mailboxes, 6 mailboxes, 1 message", said)
        self.assertIn("all of them read: sound", said)
        self.assert_restored()

    def test_a_backup_that_fails_says_so_and_the_daemons_start(self):
        self.set_up()
        text = (support.TOP / "docs/operating.md").read_text()
        script = text.split("## Backup and restoring")[1].split("```\n")[1]
        done = self.execute_as_documented(script.replace("/backup/mail.tgz", "/nowhere/mail.tgz"))
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.mail.try_run("status").returncode, 0)

    def execute_as_documented(self, commands):
        commands = commands.replace("/srv/mail", str(self.mail.folder)).replace("/elsewhere", str(self.mail.top / "elsewhere"))
        commands = commands.replace("/backup/mail.tgz", str(self.mail.top / "backup.tgz"))
        commands = commands.replace("posthaste -C", f"{BIN / 'posthaste'} -C")
        if "DIR=" not in commands:
            commands = commands.replace("DIR", str(self.mail.folder)).replace("FILE", str(self.mail.top / "backup.tgz"))
        return execute("sh", "-e", "-c", commands, timeout=120)

    def run_as_documented(self, commands):
        done = self.execute_as_documented(commands)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def assert_restored(self):
        self.assertEqual(len(self.mail.messages("bob")), 1)
        self.assertEqual(self.mail.queue(), [])


class Queue(OperatorTest):
    def test_what_is_held_says_so_and_why(self):
        self.set_up()
        self.mail.submit("alice", message(body=b"by hand\r\n"), "carol@nowhere.invalid")
        self.mail.submit("alice", message(body=MARK), "dave@nowhere.invalid")
        self.mail.run("queue", "hold", "1")
        said = self.refused("queue", "retry", "1")
        self.assertIn("entry 1 is held", said)
        self.assertIn("queue release 1", said)
        self.mail.stop()
        self.flip(self.mail.folder / "queue")
        self.mail.start()
        self.mail.run("queue", "retry", "2")
        wait_until(lambda: "queue.message.held" in self.log_of("smtpd").split("queue.message.damaged")[-1], "it is held")
        listed = self.mail.run("queue", "list").splitlines()
        self.assertTrue(listed[0].endswith(", held"), listed)
        self.assertTrue(listed[1].endswith("held: the message is damaged"), listed)
        self.assertIn("never sent as it is", self.mail.run("queue", "show", "2"))
        self.assertNotIn("damaged", self.mail.run("queue", "show", "1"))
        self.assertIn("is held", self.refused("queue", "retry", "2"))


    def queue_up(self, *bodies):
        for number, body in enumerate(bodies):
            self.mail.submit("alice", message(body=body), f"user{number}@nowhere.invalid")

    def test_a_damaged_entry_leads_to_what_helps_and_to_nothing_else(self):
        self.set_up()
        self.queue_up(MARK, b"two\r\n", b"three\r\n")
        self.assertIn("entry 2 is not held; nothing was changed", self.refused("queue", "release", "2"))
        self.mail.stop()
        self.flip(self.mail.folder / "queue")
        said = self.refused("queue", "check")
        self.assertRegex(said, r"00000001.seg: damaged at octet \d+, where record 1 should begin.*queue rebuild. fails")
        self.assertIn('The message of entry 1 is lost, and never sent as it is: "posthaste queue show 1"', said)
        self.assertIn("smtpd starts, and sends all else. Make no rebuild", said)
        self.assertNotIn("make the index again", said)
        said = self.refused("queue", "rebuild")
        self.assertIn('The index was left as it was: "posthaste start" sends what waits', said)
        self.assertNotIn("away", said)
        self.mail.start()
        self.mail.run("queue", "retry", "1")
        wait_until(lambda: "queue.message.held" in self.log_of("smtpd"), "it is held")
        for command in ("release", "retry"):
            said = self.refused("queue", command, "1")
            self.assertRegex(said, "entry 1 is held because its message is damaged: .*queue drop 1", command)
        self.assertIn("entry 1 is held already", self.refused("queue", "hold", "1"))
        self.mail.run("queue", "drop", "1")
        for command in ("release", "hold", "retry", "drop"):
            self.assertIn("there is no entry 1:", self.refused("queue", command, "1"), command)
        self.mail.run("queue", "hold", "2")
        self.assertIn("entry 2 is held already", self.refused("queue", "hold", "2"))
        said = self.mail.run("queue", "retry", "all")
        self.assertRegex(said, r"^\d entr(y is|ies are) to be tried now\.\n1 entry is held and stays\.\n")
        self.assertRegex(self.mail.run("queue", "list"), r"(?m)^2  .* from <[^>]*> to \S+@\S+  1 of 1 recipients waiting, held$")
        self.assertEqual(self.mail.run("queue", "release", "2"), "Released entry 2.\n")

    def test_a_queue_that_does_not_open_is_gone_on_without(self):
        self.set_up()
        self.queue_up(b"one\r\n")
        self.mail.stop()
        queue = self.mail.folder / "queue"
        shutil.copytree(queue / "index", self.mail.folder / "index.before")
        self.mail.start()
        self.queue_up(MARK, b"three\r\n")
        self.mail.stop()
        shutil.copy2(self.mail.folder / "index.before/data.mdb", queue / "index/data.mdb")
        if os.geteuid() == 0:
            os.chown(queue / "index/data.mdb", queue.stat().st_uid, queue.stat().st_gid)
        self.flip(queue)
        said = self.refused("queue", "check")
        self.assertIn("smtpd does not start with this", said)
        self.assertIn(f'move {queue} away; "posthaste queue begin-empty"; "posthaste start"', said)
        self.assertNotIn("make the index again", said)
        self.refused("start")
        queue.rename(self.mail.folder / "queue.away")
        self.mail.run("queue", "begin-empty")
        self.mail.start()
        self.queue_up(b"four\r\n")
        self.assertEqual(len(self.mail.queue()), 1)

    def test_what_may_not_be_read_is_not_called_damaged(self):
        self.set_up()
        self.deliver(b"one\r\n")
        self.queue_up(b"two\r\n")
        self.mail.stop()
        for name, command in (("store", ("store", "check", "--bodies")), ("queue", ("queue", "check"))):
            segment = self.mail.folder / name / "log/00000001.seg"
            before = segment.stat()
            if os.geteuid() == 0:
                os.chown(segment, 0, 0)
            segment.chmod(0o600 if os.geteuid() == 0 else 0)
            said = self.refused(*command)
            self.assertIn("segment 1: cannot be opened", said)
            self.assertIn(f"The folder {name} and all in it must belong to the daemons' user (chown -R)", said)
            for wrong in ("damaged or gone", "from a backup", "queue drop", "make the index again"):
                self.assertNotIn(wrong, said, name)
            if os.geteuid() == 0:
                os.chown(segment, before.st_uid, before.st_gid)
            segment.chmod(before.st_mode & 0o777)
            self.mail.run(*command)


class Users(OperatorTest):
    def test_aliases_of_who_is_deleted_are_told_of_and_not_inherited(self):
        self.set_up(("alice", "bob"))
        run = self.mail.run
        run("alias", "add", address("sales"), address("alice"), address("bob"))
        said = run("user", "delete", address("alice"))
        self.assertIn(f"postmaster@{support.DOMAIN} led to nobody else, and is gone", said)
        self.assertIn(f"posthaste alias add postmaster@{support.DOMAIN}", said)
        self.assertIn(f"{address('sales')} leads there no more", said)
        self.assertEqual(run("alias", "list").split(), [address("sales"), address("bob")])
        said = run("user", "add", address("alice"), "--password-stdin", input="another 1\n")
        self.assertNotIn("sales", said)
        run("alias", "add", address("info"), address("dora"))
        said = run("user", "add", address("dora"), "--password-stdin", input="another 2\n")
        self.assertIn(f"The mail to {address('info')} comes to {address('dora')}, too", said)

        run("domain", "add", "example.net")
        run("alias", "add", "@example.net", address("bob"))
        run("alias", "add", address("far"), "bob@example.net")
        said = run("domain", "delete", "example.net")
        self.assertIn("Its alias @example.net, the catch-all, is gone, too", said)
        self.assertIn(f"{address('far')} still leads there", said)

    def test_nobody_gets_the_number_and_the_mail_of_a_user_whom_the_directory_has_lost(self):
        self.set_up(("alice",))
        copy = self.mail.folder / "directory.old"
        shutil.copytree(self.mail.folder / "directory", copy)
        self.mail.run("user", "add", address("bob"), "--password-stdin", input="secret of bob\n")
        self.deliver(b"for bob alone\r\n")
        self.mail.stop()
        shutil.copy2(copy / "data.mdb", self.mail.folder / "directory/data.mdb")
        if os.geteuid() == 0:
            owner = self.store.stat()
            os.chown(self.mail.folder / "directory/data.mdb", owner.st_uid, owner.st_gid)
        self.mail.start()
        self.assertRegex(self.log_of("deliveryd"), r"store\.user\.unknown count=1 users=2 reason=")
        self.assertIn("user 2: the directory never gave this number", self.refused("store", "check"))
        said = self.mail.run("user", "add", address("eve"), "--password-stdin", input=support.password("eve") + "\n")
        self.assertIn("mail of 1 user whom this directory never had", said)
        self.assertFalse(self.mail.messages("eve"))
        self.assertIn("User 2 has 1 message, and the directory has no such user", self.mail.run("store", "check"))


    def test_an_alias_is_replaced_on_demand_alone_and_leads_somewhere(self):
        self.set_up()
        run = self.mail.run
        sales, alice, bob = address("sales"), address("alice"), address("bob")
        self.assertEqual(run("alias", "add", sales, alice), f"Set {sales}.\n")
        self.assertEqual(run("alias", "add", sales.upper(), alice), f"Set {sales.upper()}.\n", "it is so already")
        said = self.refused("alias", "add", sales, bob)
        self.assertIn(f"{sales} is an alias already, to {alice}: name all its targets and --replace", said)
        self.assertIn(f"It led to {alice}", run("alias", "add", "--replace", sales, bob))
        self.assertIn(f"{sales} {bob}\n", run("alias", "list"))

        run("alias", "add", address("one"), sales)
        for targets in ([address("one")], [bob, address("one")], [sales]):
            said = self.refused("alias", "add", "--replace", sales, *targets)
            self.assertIn(f"{sales} would lead back to itself", said, targets)
        self.assertIn("would lead back to itself", self.refused("alias", "add", f"@{support.DOMAIN}", address("nobody")))
        self.assertIn(f"{sales} {bob}\n", run("alias", "list"))
        for depth in range(10):
            run("alias", "add", address(f"deep{depth}"), address(f"deep{depth - 1}") if depth else bob)
        self.assertIn("would lead over more than 10 aliases", self.refused("alias", "add", address("x"), address("deep9")))

        said = run("alias", "add", address("lost"), address("nobody"), bob)
        self.assertIn(f"{address('nobody')} is nobody here: mail to it is refused", said)
        self.assertNotIn("nobody here", run("alias", "add", address("far"), "somebody@example.com"))
        said = run("alias", "delete", sales)
        self.assertIn(f"{address('one')} still leads there, where nobody is", said)
        said = run("alias", "delete", address("postmaster"))
        self.assertIn(f'"posthaste alias add {address("postmaster")} ADDRESS" gives it to somebody', said)

    def test_addresses_that_are_aliases_are_named(self):
        self.set_up()
        run = self.mail.run
        run("alias", "add", address("sales"), address("alice"))
        run("alias", "add", address("info"), address("eve"))
        said = self.refused("user", "add", address("sales"), "--password-stdin", input="secret 1\n")
        self.assertIn(f"{address('sales')} is an alias, to {address('alice')}: delete it first", said)
        said = self.refused("user", "import", input=f"{address('eve')}:secret 1\n{address('sales')}:secret 2\n")
        self.assertIn("Added 1 user.", said)
        self.assertIn(f"The mail to {address('info')} comes to {address('eve')}, too", said)
        self.assertIn(f"line 2: {address('sales')} is an alias, to {address('alice')}", said)
        run("alias", "add", f"@{support.DOMAIN}", address("bob"))
        self.assertIn("goes to the catch-all of its domain from now on", run("user", "delete", address("eve")))


class Words(OperatorTest):
    def test_config_check_looks_at_what_the_file_names(self):
        self.mail = self.enterContext(support.Installation())
        self.assertIn("posthaste.toml is right", self.mail.run("config", "check"))
        certificate = self.mail.folder / "tls/cert.pem"
        certificate.rename(certificate.with_suffix(".away"))
        said = self.refused("config", "check")
        self.assertIn("cert.pem", said)
        self.assertEqual(len(json.loads(self.mail.try_run("config", "check", "--json").stdout)["errors"]), 1)
        certificate.with_suffix(".away").rename(certificate)
        with self.subTest("what start would refuse"):
            self.mail.start()
            self.mail.stop()
            for name, file in (("directory", "data.mdb"), ("store", "index/data.mdb"), ("queue", "index/data.mdb")):
                data = self.mail.folder / name / file
                whole = data.read_bytes()
                with data.open("r+b") as opened:
                    opened.write(b"\x55" * 8192)
                self.assertIn(f"{name}", self.refused("config", "check"), name)
                with data.open("r+b") as opened:
                    opened.write(whole)
            if os.geteuid() == 0:
                segments = sorted((self.mail.folder / "store/log").glob("*.seg"))
                for place in (self.mail.folder / "queue", *segments[:1]):
                    before = place.stat()
                    os.chown(place, 0, 0)
                    place.chmod(0o700 if place.is_dir() else 0o600)
                    said = self.refused("config", "check")
                    self.assertRegex(said, f"{place} can't be read and written by the user \\S+, as whom the daemons run: .chown -R")
                    os.chown(place, before.st_uid, before.st_gid)
                    place.chmod(before.st_mode & 0o777)
            self.assertIn("posthaste.toml is right", self.mail.run("config", "check"))
        self.mail.configure({"paths.directory": "elsewhere"})
        self.assertIn("elsewhere/data.mdb is gone", self.refused("config", "check"))
        self.mail.configure({"paths.directory": "directory", "queue.retry_delay_min_s": 20_000})
        self.assertIn('"queue.retry_delay_min_s" (20000) is above', self.refused("config", "check"))
        self.mail.configure({"queue.retry_delay_min_s": 300, "user": "root"})
        self.assertIn("the daemons would run as root", self.refused("config", "check"))
        self.mail.configure({"user": "", "log.level": "loud", "log.format": "morse"})
        lines = self.mail.try_run("config", "check").stderr.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertTrue(all(line.startswith("posthaste: ") for line in lines), lines)

    def test_usage(self):
        def said(*arguments, status=2):
            done = execute(BIN / "posthaste", *arguments)
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
            return done.stdout + done.stderr

        self.assertRegex(said("--version", status=0), r"^posthaste \d+\.\d+\.\d+\n$")
        self.assertEqual(said("help", status=0), said("--help", status=0))
        self.assertEqual(said("help", "user", "add", status=0), said("user", "add", "--help", status=0))
        self.assertIn('there is no command "posthaste user ad"', said("help", "user", "ad", status=1))
        for wrong in (("stauts",), ("user", "add"), ("user",), ("status", "--nonsense")):
            self.assertTrue(json.loads(said("--json", *wrong))["error"], wrong)
        self.assertIn('did you mean "posthaste user delete"?', said("user", "del"))
        self.assertIn('"posthaste store" needs a command: check, rebuild, begin-empty', said("store"))
        self.assertEqual(said("man", status=0), "The pages are: posthaste, posthaste.toml, smtpd, deliveryd, imapd, pop3d.\n")
        self.assertIn("there is no page imap; the pages are: posthaste,", said("man", "imap", status=1))
        init = ("init", "/var/tmp/posthaste-e2e-never", "--domain", "example.org")
        for wrong in ("-1", "abc", "", "65536", "4294967321"):
            self.assertIn("must be a whole number from 0 to 64540", said(*init, "--port-base", wrong), wrong)
        self.assertIn("--port-base must be a whole number", said(*init, "--port-base", "65000", status=1))
        self.assertIn("--listen must be a list, each entry an IP address", said(*init, "--listen", "here", status=1))


class Daemons(OperatorTest):
    def test_stop_works_without_posthaste_toml(self):
        self.set_up()
        (self.mail.folder / "posthaste.toml").unlink()
        self.assertIn("is not there", self.refused("user", "list"))
        said = self.mail.run("stop")
        self.assertEqual(said.count(" stopped"), 4)
        self.assertIn("posthaste.toml is not there", said)
        self.assertEqual(self.mail.processes(), [])
        self.assertIn("is not there", execute(BIN / "posthaste", "-C", self.mail.top, "stop").stderr)

    def test_a_new_installation_starts_without_a_warning(self):
        self.set_up()
        for daemon in support.DAEMONS:
            self.assertNotRegex(self.log_of(daemon), " (warning|error) ", daemon)

    def test_status_and_stop_work_whatever_posthaste_toml_says(self):
        self.set_up()
        file = self.mail.folder / "posthaste.toml"
        right = file.read_text()
        for wrong in (right + "\n[nonsense]\nx = 1\n", right.replace("[listen]", "[listen", 1), ""):
            file.write_text(wrong)
            said = self.mail.try_run("status").stdout
            self.assertEqual(said.count("runs, process"), 4, said)
            self.assertEqual(self.mail.try_run("status").returncode, 1)
            if wrong:  # nothing is a configuration, with ports of its own
                self.assertNotIn("answer", said, "of ports nothing is known")
        file.write_text(right + "\n[nonsense]\nx = 1\n")
        self.assertEqual(self.mail.try_run("stop").stdout.count(" stopped"), 4)
        self.assertEqual(self.mail.processes(), [])

    def test_a_child_that_dies_again_and_again_does_not_just_run(self):
        self.set_up()
        self.assertEqual(json.loads(self.mail.run("status", "--json"))["smtpd"]["restarts"], 0)
        for _ in range(2):
            child = self.mail.child("smtpd")
            os.kill(child, signal.SIGKILL)
            wait_until(lambda: self.mail.child("smtpd") not in (None, child), "there is another")
        said = self.refused("status")
        self.assertRegex(said, r"smtpd runs, process \d+\n  its child died and was started again 2 times, the last \d+ s ago")
        self.assertIn("log/smtpd.log", said)
        self.assertEqual(json.loads(self.mail.try_run("status", "--json").stdout)["smtpd"]["restarts"], 2)

    def test_reasons_and_remedies(self):
        self.set_up()
        unknown = execute(BIN / "posthaste", "stauts")
        self.assertEqual(unknown.returncode, 2)
        self.assertIn('there is no command "posthaste stauts"; did you mean "posthaste status"?', unknown.stderr)
        self.assertIn('did you mean "posthaste store check"?', execute(BIN / "posthaste", "store", "chekc").stderr)

        for lmtp in (True, False):  # without, smtpd is the first whose port another program answers at
            base = self.mail.port("smtp") - 25
            taken = self.enterContext(support.Installation(settings={"listen.lmtp_port": lmtp}, port_base=base))
            start = taken.try_run("start")
            self.assertEqual(start.returncode, 1, start.stdout)
            self.assertIn("Address already in use; another program listens there", start.stderr)
            self.assertIn("listen.port_base", start.stderr)
            self.assertEqual(taken.processes(), [])
        self.mail.stop()

        key = self.mail.folder / "tls/key.pem"
        saved = key.read_bytes()
        key.write_bytes(b"no key\n")
        said = self.refused("start")
        self.assertIn("it holds no PEM block", said)
        self.assertNotIn("error:", said)
        key.write_bytes(saved)

        data = self.mail.folder / "directory/data.mdb"
        whole = data.read_bytes()
        with data.open("r+b") as file:
            file.write(b"\x55" * 8192)
        for said in (self.refused("start"), self.refused("user", "list")):
            self.assertIn("data.mdb is damaged: restore the directory from a backup", said)
        with data.open("r+b") as file:
            file.write(whole)

        file = self.mail.folder / "posthaste.toml"
        file.rename(file.with_suffix(".away"))
        file.mkdir()
        said = self.refused("user", "list")
        self.assertNotIn(":0:", said)
        self.assertIn("posthaste.toml", said)


if __name__ == "__main__":
    unittest.main()
