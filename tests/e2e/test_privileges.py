"""What a broken-into child, as the daemons' user, can make root do: nothing outside. Needs root."""

import contextlib
import os
import pwd
import resource
import signal
import subprocess
import sys
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support

TREASURE = "What root alone may touch.\n"


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Privileges(support.LoggedTest):
    def setUp(self):
        self.mail = self.enterContext(support.Installation())
        self.child_user = pwd.getpwnam(self.mail.account)
        self.treasure = self.mail.top / "treasure"
        self.treasure.write_text(TREASURE)
        self.treasure.chmod(0o644)
        self.before = self.treasure.stat()

    def tearDown(self):
        now = self.treasure.stat()
        self.assertEqual(self.treasure.read_text(), TREASURE)
        self.assertEqual((now.st_uid, now.st_gid, now.st_mode), (0, 0, self.before.st_mode))

    def as_child(self, action):
        """Runs `action` as the daemons' user; whether the kernel let it."""
        pid = os.fork()
        if pid == 0:
            status = 1
            with contextlib.suppress(OSError):
                os.setgroups([])
                os.setresgid(*[self.child_user.pw_gid] * 3)
                os.setresuid(*[self.child_user.pw_uid] * 3)
                action()
                status = 0
            os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

    def plant(self, path):
        """A link to what root alone may touch, in place of what is there. What the kernel refuses is no attack."""

        def replace():
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            path.symlink_to(self.treasure)

        return self.as_child(replace)

    def make_as_before(self):
        """As init left it once: all belongs to the daemons' user."""
        for path in [self.mail.folder, *self.mail.folder.rglob("*")]:
            os.lchown(path, self.child_user.pw_uid, self.child_user.pw_gid)

    def mend(self):
        """What the refusal tells the operator to do."""
        folder = self.mail.folder
        paths = [folder, folder / "posthaste.toml", folder / "run", folder / "log"]
        subprocess.run(["chown", "-h", "root", *paths], check=True)
        subprocess.run(["chmod", "go-w", *paths], check=True)

    def test_the_child_can_write_nothing_that_root_obeys(self):
        self.mail.start()
        folder = self.mail.folder
        for path in ("posthaste.toml", "tls/cert.pem", "tls/key.pem", "run/smtpd.pid"):
            self.assertFalse(self.as_child(lambda: open(folder / path, "a")), path)
        for path in (".", "run", "log", "tls"):
            self.assertFalse(self.as_child(lambda: (folder / path / "new").touch()), path)
            self.assertFalse(self.as_child(lambda: (folder / path).rename(folder / "away")), path)
        for daemon in support.DAEMONS:
            self.assertEqual(os.stat(f"/proc/{self.mail.child(daemon)}").st_uid, self.child_user.pw_uid)

    def test_links_planted_by_the_child_lead_root_nowhere(self):
        places = [f"run/{name}{end}" for name in support.DAEMONS for end in (".pid", ".start", ".sock")]
        places += [f"log/{name}.log" for name in support.DAEMONS]
        places += ["directory/data.mdb", "directory/lock.mdb", "queue/index/lock.mdb"]
        for path in places:
            self.plant(self.mail.folder / path)
        self.mail.try_run("start")
        for words in (["user", "list"], ["domain", "add", "example.net"], ["queue", "list"], ["trace", "abc"], ["stop"]):
            self.mail.try_run(*words)

    def test_links_in_an_installation_of_before_are_refused(self):
        self.make_as_before()
        for path in ("run/smtpd.pid", "log/deliveryd.log", "run/imapd.start"):
            self.assertTrue(self.plant(self.mail.folder / path))
        for daemon in support.DAEMONS:
            done = support.execute(support.BIN / daemon, "-C", self.mail.folder)
            self.assertEqual(done.returncode, 1, daemon)
            self.assertIn("chown -h root", done.stderr)
        for words in (["start"], ["stop"], ["status"], ["user", "list"], ["user", "import"]):
            done = self.mail.try_run(*words)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn("chown -h root", done.stderr)
        with self.subTest("what was planted before is refused after the mending, too"):
            self.mend()
            self.assertIn("symbolic link", self.mail.try_run("start").stderr)
            for path in ("run/smtpd.pid", "log/deliveryd.log", "run/imapd.start"):
                (self.mail.folder / path).unlink()
            self.mail.start()

    def test_a_configuration_of_the_childs_is_not_obeyed(self):
        self.make_as_before()
        text = self.mail.configuration.read_text().replace(f'user = "{self.mail.account}"', 'user = "root"')
        self.assertTrue(self.as_child(lambda: self.mail.configuration.write_text(text)))
        self.assertNotEqual(self.mail.try_run("start").returncode, 0)
        self.assertEqual(self.mail.processes(), [])

    def test_an_installation_of_before_runs_once_mended(self):
        self.make_as_before()
        self.mail.configure({"user": ""})
        self.mend()
        self.mail.start()
        for daemon in support.DAEMONS:
            self.assertEqual(os.stat(f"/proc/{self.mail.child(daemon)}").st_uid, self.child_user.pw_uid)
        self.assertIn("alice", self.mail.run("user", "list"))

    def test_a_rotated_log_is_opened_anew(self):
        self.mail.start()
        log = self.mail.folder / "log/smtpd.log"
        log.rename(log.with_suffix(".log.1"))
        os.kill(self.mail.parent("smtpd"), signal.SIGHUP)
        child = self.mail.child("smtpd")
        opened = lambda: str(log) in support.open_files(child).values()
        support.wait_until(opened, "the child writes to the new log")
        self.assertEqual(log.stat().st_uid, self.child_user.pw_uid)

    def test_a_pid_file_that_names_another_ends_nobody(self):
        self.mail.start()
        stranger = subprocess.Popen(["sleep", "600"])
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        child = self.mail.child("smtpd")
        parent = self.mail.parent("smtpd")
        # As a broken-into child could: it inherits the descriptor that holds the lock.
        held = next(f for f, path in support.open_files(child).items() if path.endswith("run/smtpd.pid"))
        for named in (stranger.pid, child):
            with open(f"/proc/{child}/fd/{held}", "r+") as file:
                file.write(f"{named}\n")
                file.truncate()
            self.assertIn("is not smtpd's", self.mail.try_run("status").stdout)
        with open(f"/proc/{child}/fd/{held}", "r+") as file:
            file.write(f"{stranger.pid}\n")
            file.truncate()
        done = self.mail.try_run("stop")
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not smtpd's", done.stderr)
        self.assertIsNone(stranger.poll())
        self.assertTrue(support.alive(parent))
        (self.mail.folder / "run/smtpd.pid").write_text(f"{parent}\n")  # by root
        self.assertIn("smtpd stopped", self.mail.stop())


class Ends(support.LoggedTest):
    """Who starts and ends daemons, and what is left of them."""

    def setUp(self):
        self.mail = self.enterContext(support.Installation(users=()))

    def test_start_after_a_killed_parent_starts(self):
        self.mail.start()
        killed = self.mail.parent("smtpd")
        os.kill(killed, signal.SIGKILL)
        self.assertIn("smtpd started", self.mail.start())
        self.assertNotEqual(self.mail.parent("smtpd"), killed)

    def test_an_interrupted_start_leaves_nothing(self):
        self.mail.configure({"listen.lmtp_port": False})
        start = subprocess.Popen([support.BIN / "posthaste", "-C", self.mail.folder, "start"])
        support.wait_until(self.mail.processes, "a daemon runs")
        start.send_signal(signal.SIGINT)
        self.assertEqual(start.wait(support.PATIENCE_S), -signal.SIGINT)
        daemons = [pid for pid in self.mail.processes() if pid != start.pid]
        self.assertEqual(daemons, [])

    def test_no_lmtp_on_a_port_unless_asked_for(self):
        self.mail.configure({"listen.lmtp_port": False})
        self.mail.start()
        with self.assertRaises(ConnectionRefusedError):
            self.mail.dialogue("lmtp")


class Hangs(support.LoggedTest):
    """A child whose loops stand still is told of and replaced; one that waits for its disk is not."""

    def setUp(self):
        self.mail = self.enterContext(support.Installation(settings={"workers.hung_after_s": 2}))
        self.mail.start()

    def log_of(self, daemon):
        return (self.mail.folder / "log" / f"{daemon}.log").read_text()

    def test_stopped_children_are_replaced(self):
        stopped = self.mail.children()
        for pid in stopped.values():
            os.kill(pid, signal.SIGSTOP)
        for daemon, pid in stopped.items():
            support.wait_until(lambda: not support.alive(pid), f"{daemon}'s stopped child is gone")
            self.assertIn("daemon.child.hung", self.log_of(daemon))
            self.assertNotEqual(self.mail.child(daemon), pid)
        self.mail.start()  # returns once all ports answer
        with self.mail.smtp() as client:
            client.sendmail("a@example.com", [support.address("bob")], support.message())

    def test_a_slow_flush_is_no_hang(self):
        child = self.mail.child("deliveryd")
        slow = ["-e", "inject=fdatasync,fsync,msync:delay_enter=6s"]
        with support.Trace(child, "-e", "trace=fdatasync,fsync,msync", *slow):
            with self.mail.smtp() as client:
                client.sendmail("a@example.com", [support.address("bob")], support.message())
        self.assertEqual(self.mail.child("deliveryd"), child)
        self.assertNotIn("daemon.child.hung", self.log_of("deliveryd"))


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be somebody else")
class WithoutRoot(support.LoggedTest):
    """An installation made and run by a user of no power, with few files to open."""

    OWN = 1_024  # what a daemon keeps for those who are connected
    PLACES = 20

    def setUp(self):
        self.mail = support.Installation()
        self.user = pwd.getpwnam(support._account())
        original = support.execute
        self.addCleanup(setattr, support, "execute", original)
        support.execute = self.execute
        with unittest.mock.patch.object(support, "_account", lambda: None):
            give = lambda path, mode: os.chown(path, self.user.pw_uid, self.user.pw_gid)
            with unittest.mock.patch.object(support.Path, "chmod", give):
                self.enterContext(self.mail)

    def execute(self, *command, input=None, timeout=support.PATIENCE_S, environment=None):
        files = self.OWN + 2 * self.PLACES
        return subprocess.run(
            [str(word) for word in command],
            input=input or "",
            capture_output=True,
            text=True,
            timeout=timeout,
            user=self.user.pw_uid,
            group=self.user.pw_gid,
            extra_groups=[],
            cwd="/",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
        )

    def test_connections_stop_where_descriptors_end(self):
        self.mail.configure({"relay.connections_max": 1, "workers.count": 1, "clients.connections_per_address_max": 1_000})
        self.mail.configure({"smtp.connections_max": 1})
        self.mail.start()
        self.assertIn("daemon.connections.lowered", (self.mail.folder / "log/imapd.log").read_text())
        with contextlib.ExitStack() as stack:
            user = stack.enter_context(self.mail.dialogue("imaps"))
            user.expect(r"\* OK")
            user.send(f"1 LOGIN {support.address('alice')} {support.password('alice')}")
            user.tagged("1")
            greetings = []
            for _ in range(2 * self.PLACES):
                client = stack.enter_context(self.mail.dialogue("imap"))
                greetings.append(client.line())
            self.assertTrue(greetings[0].startswith("* OK"), greetings[0])
            self.assertTrue(greetings[-1].startswith("* BYE"), greetings[-1])
            user.send("2 SELECT INBOX")
            user.tagged("2")

    def test_too_few_for_anybody_is_refused_at_the_start(self):
        self.mail.configure({"relay.connections_max": 100_000})
        done = self.mail.try_run("start")
        self.assertEqual(done.returncode, 1)
        self.assertIn("raise it (LimitNOFILE", done.stderr)
        self.assertEqual(self.mail.processes(), [])


if __name__ == "__main__":
    unittest.main()
