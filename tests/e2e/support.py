"""One installation of Posthaste in a folder of its own, and the clients that speak to it."""

import contextlib
import email.utils
import hashlib
import imaplib
import itertools
import json
import os
import poplib
import pwd
import re
import select
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("POSTHASTE_BIN", TOP / "build/release/bin"))

DOMAIN = "example.org"
HOST = "127.0.0.1"
HOSTNAME = "mail." + DOMAIN  # what the certificate is for
DAEMONS = ("deliveryd", "smtpd", "imapd", "pop3d")
STANDARD_PORTS = {
    "smtp": 25,
    "lmtp": 24,
    "submission": 587,
    "submissions": 465,
    "imap": 143,
    "imaps": 993,
    "pop3": 110,
    "pop3s": 995,
}

PATIENCE_S = 30  # for one answer or one condition, on a machine that is busy with other things

imaplib._MAXLINE = 10_000_000  # an untagged line may name many messages


def address(name):
    return f"{name}@{DOMAIN}"


def password(name):
    return f"{name}-secret"


def wait_until(condition, what, seconds=PATIENCE_S):
    """Returns the first true value of `condition()`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not so: {what}")
        time.sleep(0.01)  # between two looks


def execute(*command, input=None, timeout=PATIENCE_S, environment=None):
    """Runs a program without a terminal; the finished process, with what it said as text."""
    return subprocess.run(
        [str(word) for word in command],
        input="" if input is None else input,
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **(environment or {})},
    )


# Messages


_numbers = itertools.count(1)


def message(subject="A message", body=b"Hello.\r\n", sender="alice", recipient="bob", fields=b""):
    """A message in CRLF lines, with a Message-ID of its own. `body` is taken as it is."""
    identifier = f"<{os.getpid()}.{next(_numbers)}@{DOMAIN}>"
    header = (
        f"Message-ID: {identifier}\r\n"
        f"Date: {email.utils.formatdate()}\r\n"
        f"From: {address(sender)}\r\n"
        f"To: {address(recipient)}\r\n"
        f"Subject: {subject}\r\n"
    )
    return header.encode() + fields + b"\r\n" + body


def message_id(octets):
    found = re.search(rb"^Message-ID: (<[^>]+>)", octets, re.MULTILINE | re.IGNORECASE)
    return found[1].decode() if found else None


def digest(octets):
    return hashlib.sha256(octets).hexdigest()


_ADDED_FIELDS = {b"return-path", b"received", b"delivered-to", b"x-original-to"}


def assert_same_message(test, stored, sent):
    """What is stored is what was sent, after the fields that a delivery adds on top."""
    test.assertTrue(
        stored.endswith(sent),
        f"{len(stored)} octets stored do not end in the {len(sent)} octets sent; first of what is stored: "
        f"{stored[:400]!r}",
    )
    for line in stored[: len(stored) - len(sent)].split(b"\r\n")[:-1]:
        if not line.startswith((b" ", b"\t")):
            test.assertIn(line.split(b":")[0].lower(), _ADDED_FIELDS, line)
        test.assertNotIn(b"\n", line)


# Raw conversations


class Dialogue:
    """A conversation as a postmaster would have it by hand: say a line, expect an answer."""

    def __init__(self, port, tls=None, timeout=PATIENCE_S, source=None, host=HOST, hostname=HOSTNAME):
        self.hostname = hostname
        self.socket = socket.create_connection((host, port), timeout, source_address=source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=hostname)
        self.buffer = b""
        self.heard = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Leaves as one does whose cable was cut: the other side is told RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def starttls(self, context):
        assert not self.buffer, self.buffer
        self.socket = context.wrap_socket(self.socket, server_hostname=self.hostname)

    def send(self, octets):
        """Octets as they are; a str is a line and gets its CRLF. Who has hung up may still have been saying why."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            self.socket.sendall(octets.encode() + b"\r\n" if isinstance(octets, str) else octets)

    def line(self):
        """The next line without CRLF, or None at the end of the conversation."""
        while b"\r\n" not in self.buffer:
            try:
                more = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
                more = b""
            except TimeoutError:
                raise AssertionError(f"no answer in time; heard so far: {self.heard[-10:]}") from None
            if not more:
                return None
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        text = line.decode("utf-8", "surrogateescape")
        self.heard.append(text)
        return text

    def expect(self, pattern):
        """The next line, which must match."""
        line = self.line()
        if line is None or not re.match(pattern, line):
            raise AssertionError(f"expected {pattern!r}, heard {line!r} after {self.heard[-10:-1]}")
        return line

    def reply(self, pattern=r"\d\d\d"):
        """A whole SMTP reply, whose last line must match; its lines."""
        lines = []
        while True:
            line = self.expect(r"\d\d\d[ -]")
            lines.append(line)
            if line[3] == " ":
                break
        if not re.match(pattern, lines[-1]):
            raise AssertionError(f"expected {pattern!r}, heard {lines} after {self.heard[-10:]}")
        return lines

    def ask(self, line, pattern):
        """One SMTP command and its reply."""
        self.send(line)
        return self.reply(pattern)

    def tagged(self, tag, pattern="OK"):
        """IMAP lines up to the tagged one, which must match; all of them. Literals are not looked into."""
        lines = []
        while True:
            line = self.line()
            if line is None:
                raise AssertionError(f"expected {tag} {pattern}, the connection ended after {self.heard[-10:]}")
            lines.append(line)
            if line.startswith(tag + " "):
                break
        if not re.match(f"{tag} {pattern}", lines[-1]):
            raise AssertionError(f"expected {tag} {pattern}, heard {lines[-1]!r} after {self.heard[-10:]}")
        return lines

    def expect_end(self):
        """The other side closes, after whatever it still has to say; those lines."""
        lines = []
        while (line := self.line()) is not None:
            lines.append(line)
            assert len(lines) < 1000, lines[:10]
        return lines

    def silent(self, seconds=0.2):
        """Whether nothing comes for a moment. Says nothing about later."""
        return not self.buffer and not select.select([self.socket], [], [], seconds)[0]


# Processes


signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # by way of all clean-ups


def _parent_of(pid):
    """The parent of a process, or None when it is gone: not there, or a zombie whose last thread has ended."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
        ended = state in "ZX" and len(os.listdir(f"/proc/{pid}/task")) <= 1
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if ended else int(parent)


def alive(pid):
    return _parent_of(pid) is not None


def open_files(pid):
    """{descriptor: path} of a process."""
    links = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links[int(entry.name)] = os.readlink(entry)
    return links


class Trace:
    """strace on a running process and all its threads, for the length of a `with`; lines() afterwards."""

    def __init__(self, pid, *options):
        self.pid = pid
        self.options = options

    def __enter__(self):
        if not shutil.which("strace"):
            raise unittest.SkipTest("strace is not installed")
        self.file = tempfile.NamedTemporaryFile(dir="/var/tmp", prefix="posthaste-strace-")
        command = ["strace", "-f", "-ttt", "-o", self.file.name, *self.options, "-p", str(self.pid)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, bufsize=0)
        said = b""
        deadline = time.monotonic() + PATIENCE_S
        while b" attached" not in said:
            ready = select.select([self.process.stderr], [], [], max(0, deadline - time.monotonic()))[0]
            more = os.read(self.process.stderr.fileno(), 65536) if ready else b""
            if not more:
                self._end()
                raise unittest.SkipTest(f"strace can't attach to process {self.pid}: {said.decode().strip()}")
            said += more
        self.begun = time.time()
        return self

    def __exit__(self, *_):
        self.ended = time.time()
        self._end()
        self.text = Path(self.file.name).read_text(errors="replace")
        self.file.close()

    def _end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # detaches
        self.process.stderr.close()
        self.process.wait(PATIENCE_S)

    def lines(self):
        """(time, what) of everything seen while the trace was on, what was under way at its ends left out."""
        for line in self.text.splitlines():
            found = re.match(r"(?:\d+ +)?(\d+\.\d+) (.*)", line)
            if found and self.begun <= float(found[1]) <= self.ended:
                yield float(found[1]), found[2]


# Installations


def _account():
    """As whom the daemons run: the system user when there is one, any powerless one otherwise."""
    if os.geteuid() != 0:
        return None
    for name in ("posthaste", "nobody"):
        with contextlib.suppress(KeyError):
            pwd.getpwnam(name)
            return name
    return None


def _can_bind(host, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port_base(*hosts, also=()):
    """A number such that nothing listens on it plus any standard port, below the ports that clients get."""
    hosts = {HOST, *hosts}
    ports = [*STANDARD_PORTS.values(), *also]
    start = os.getpid() * 7 % 20
    for attempt in range(20):
        base = 10_000 + (start + attempt) % 20 * 1_000
        if all(_can_bind(host, base + port) for host in hosts for port in ports):
            return base
    raise AssertionError("no free ports")


class _ContextForName(ssl.SSLContext):
    """Checks a name, whatever address the client was told to connect to: the certificate has only 127.0.0.1."""

    def wrap_socket(self, socket, server_hostname=None, **options):
        return super().wrap_socket(socket, server_hostname=self.name, **options)


class Failed(AssertionError):
    """A command of posthaste's that should have succeeded."""


class Installation:
    """A folder below /var/tmp with users, started and stopped by the posthaste command."""

    def __init__(self, users=("alice", "bob"), settings=None, domain=DOMAIN, host=HOST, port_base=None):
        self.users = users
        self.settings = settings or {}
        self.domain = domain
        self.hostname = "mail." + domain
        self.host = host
        self.port_base = port_base
        self.stack = contextlib.ExitStack()
        self.last_logs = ""

    def __enter__(self):
        for program in ("posthaste", *DAEMONS):
            if not (BIN / program).exists():
                raise AssertionError(f"{BIN / program} is not there: build it, or set POSTHASTE_BIN")
        with self.stack:
            self.top = Path(tempfile.mkdtemp(prefix="posthaste-e2e-", dir="/var/tmp"))
            self.stack.callback(shutil.rmtree, self.top, ignore_errors=True)
            self.top.chmod(0o755)  # the daemons' user walks through it
            self.folder = self.top / "mail"
            self.port_base = self.port_base or free_port_base(self.host)
            self.account = _account()
            self._init()
            self.configure({"listen.lmtp_port": True, **self.settings})
            if self.users:
                lines = "".join(f"{self.address(name)}:{password(name)}\n" for name in self.users)
                self.run("user", "import", input=lines)
            self.stack.callback(self._end_all)
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _init(self):
        account = ["--user", self.account] if self.account else []
        where = ["--domain", self.domain, "--listen", self.host, "--port-base", self.port_base]
        done = execute(BIN / "posthaste", "init", self.folder, *where, *account)
        assert done.returncode == 0, done.stderr

    def _end_all(self):
        if self.processes():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.try_run("stop", timeout=60)
        while left := self.processes():  # a parent makes a new child of a dead one's
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.last_logs = self.logs()

    # Configuration and commands

    @property
    def configuration(self):
        return self.folder / "posthaste.toml"

    def configure(self, settings):
        """Changes keys: {"store.disk_reserve_octets": 0}."""
        section = ""
        lines = self.configuration.read_text().split("\n")
        left = dict(settings)
        for i, line in enumerate(lines):
            if line.startswith("["):
                section = line.strip("[]") + "."
            key = section + line.split(" = ")[0]
            if key in left:
                lines[i] = line.split(" = ")[0] + " = " + json.dumps(left.pop(key))
        assert not left, f"no such keys: {left}"
        self.configuration.write_text("\n".join(lines))

    def try_run(self, *arguments, input=None, timeout=120):
        """`posthaste -C DIR` with arguments; the finished process, whatever its status."""
        return execute(BIN / "posthaste", "-C", self.folder, *arguments, input=input, timeout=timeout)

    def run(self, *arguments, input=None, timeout=120):
        """The same, and it must succeed; its standard output."""
        done = self.try_run(*arguments, input=input, timeout=timeout)
        if done.returncode != 0:
            said = done.stdout + done.stderr + self.logs()
            raise Failed(f"posthaste {' '.join(arguments)}: status {done.returncode}\n{said}")
        return done.stdout

    def start(self):
        return self.run("start")

    def stop(self):
        return self.run("stop")

    def logs(self, lines=25):
        """The ends of all logs; once the installation is gone, as they were then."""
        if not self.folder.exists():
            return self.last_logs
        text = ""
        for log in sorted([*self.folder.glob("log/*.log"), *self.folder.glob("run/*.start")]):
            tail = log.read_text(errors="replace").splitlines()[-lines:]
            if tail:
                text += "\n".join([f"--- {log.name}", *tail]) + "\n"
        return text

    # Processes

    def processes(self):
        """Every process of this installation, parents and children."""
        mine = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if words[1:3] == [b"-C", bytes(self.folder)] and alive(entry.name):
                    mine.append(int(entry.name))
        return mine

    def parent(self, daemon):
        return int((self.folder / "run" / (daemon + ".pid")).read_text())

    def child(self, daemon):
        """The process that serves; waited for when there is none just now."""
        parent = self.parent(daemon)
        return wait_until(
            lambda: next((pid for pid in self.processes() if _parent_of(pid) == parent), None),
            f"{daemon}, process {parent}, has a child",
        )

    def children(self):
        return {daemon: self.child(daemon) for daemon in DAEMONS}

    def kill_everything(self):
        """SIGKILL to all processes, as near to the same instant as can be; parents get no chance to restart."""
        everything = self.processes()
        for stop_or_kill in (signal.SIGSTOP, signal.SIGKILL):
            for pid in everything:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, stop_or_kill)
        wait_until(lambda: not any(map(alive, everything)), "all killed processes are gone")

    # Clients

    def address(self, name):
        """Of one of our users, or of anybody when it is an address already."""
        return name if "@" in name else f"{name}@{self.domain}"

    def port(self, name):
        return self.port_base + STANDARD_PORTS[name]

    @property
    def certificate(self):
        return self.folder / "tls/cert.pem"

    def tls(self):
        """A client's context that trusts this installation's certificate alone, and checks the name or address."""
        if self.host == HOST:
            return ssl.create_default_context(cafile=self.certificate)
        context = _ContextForName(ssl.PROTOCOL_TLS_CLIENT)
        context.name = self.hostname
        context.load_verify_locations(self.certificate)
        return context

    def dialogue(self, name, source=None):
        """A raw conversation on one of the ports, after the handshake where TLS is implicit."""
        implicit = name in ("submissions", "imaps", "pop3s")
        tls = self.tls() if implicit else None
        return Dialogue(self.port(name), tls, source=source, host=self.host, hostname=self.hostname)

    def smtp(self):
        """As another host would come to port 25."""
        return smtplib.SMTP(self.host, self.port("smtp"), local_hostname="client.example.com", timeout=PATIENCE_S)

    def lmtp(self):
        return smtplib.LMTP(self.host, self.port("lmtp"), local_hostname="client.example.com", timeout=PATIENCE_S)

    def deliver(self, octets, *recipients, sender="someone@example.com"):
        """By port 25; returns when it is accepted for all."""
        with self.smtp() as client:
            refused = client.sendmail(sender, [self.address(name) for name in recipients], octets)
            assert not refused, refused

    def submission(self, user, implicit=False, source=None):
        """One of our own users, logged in under TLS."""
        if implicit:
            tls = self.tls()
            client = smtplib.SMTP_SSL(self.host, self.port("submissions"), timeout=PATIENCE_S, context=tls)
        else:
            address = (source, 0) if source else None
            client = smtplib.SMTP(self.host, self.port("submission"), timeout=PATIENCE_S, source_address=address)
            client.starttls(context=self.tls())
        client.login(self.address(user), password(user))
        return client

    def submit(self, user, octets, *recipients, implicit=False):
        with self.submission(user, implicit) as client:
            refused = client.sendmail(self.address(user), [self.address(name) for name in recipients], octets)
            assert not refused, refused

    def imap(self, user, implicit=False):
        """Logged in, nothing selected."""
        if implicit:
            tls = self.tls()
            client = imaplib.IMAP4_SSL(self.host, self.port("imaps"), ssl_context=tls, timeout=PATIENCE_S)
        else:
            client = imaplib.IMAP4(self.host, self.port("imap"), timeout=PATIENCE_S)
            client.starttls(self.tls())
        client.login(self.address(user), password(user))
        return client

    def pop3(self, user, implicit=False):
        if implicit:
            client = poplib.POP3_SSL(self.host, self.port("pop3s"), context=self.tls(), timeout=PATIENCE_S)
        else:
            client = poplib.POP3(self.host, self.port("pop3"), timeout=PATIENCE_S)
            client.stls(self.tls())
        client.user(self.address(user))
        client.pass_(password(user))
        return client

    # What is in the queue and in the mailboxes

    def queue(self):
        """What waits, as `posthaste queue list` has it."""
        return json.loads(self.run("--json", "queue", "list"))["entries"]

    def wait_for_empty_queue(self):
        """Seen empty twice: what was answered with 250 is listed a moment later."""
        wait_until(lambda: not self.queue() and not self.queue(), "the queue is empty")

    def messages(self, user, mailbox="INBOX"):
        """{uid: octets}, by a new IMAP session."""
        client = self.imap(user)
        try:
            return fetch_messages(client, mailbox)
        finally:
            client.logout()

    def find(self, user, octets, mailbox="INBOX"):
        """The stored form of a message, by its Message-ID; waits until it is there."""
        identifier = message_id(octets)
        client = self.imap(user)
        seen = {}

        def look():
            seen.update(fetch_messages(client, mailbox, first=max(seen, default=0) + 1))
            return next((stored for stored in seen.values() if message_id(stored) == identifier), None)

        try:
            return wait_until(look, f"{user}'s {mailbox} holds {identifier}")
        finally:
            client.logout()


def must(answer):
    """The data of an imaplib answer, which must be OK."""
    kind, data = answer
    assert kind == "OK", (kind, data)
    return data


def fetch_messages(client, mailbox="INBOX", first=1):
    """{uid: octets} from `first` on, read without setting \\Seen."""
    must(client.select(mailbox, readonly=True))
    found = {}
    data = must(client.uid("FETCH", f"{first}:*", "(UID BODY.PEEK[])"))
    for item in data:
        if isinstance(item, tuple):
            uid = int(re.search(rb"UID (\d+)", item[0])[1])
            if uid >= first:  # "*" alone means the last one
                found[uid] = item[1]
    return found


# Tests


class LoggedTest(unittest.TestCase):
    """A test with an installation, `mail`, the ends of whose logs a failure shows."""

    mail = None

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before and self.mail:
            print(f"\n{self.id()} failed; the ends of the logs:\n{self.mail.logs()}", file=sys.stderr)
        return result


class MailTest(LoggedTest):
    """Tests that share one running installation."""

    users = ("alice", "bob")
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.mail = cls.enterClassContext(Installation(cls.users, cls.settings))
        cls.mail.start()


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


class ClientTest(MailTest):
    """Tests with other people's programs, which have a folder for their files."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(dir="/var/tmp")))

    def file(self, name, octets, mode=0o600):
        """A file for one of the clients, and its path."""
        path = self.folder / name
        path.write_bytes(octets if isinstance(octets, bytes) else octets.encode())
        path.chmod(mode)
        return path

    def call(self, *command, input=None, **environment):
        """A client's run that must succeed; its standard output."""
        done = subprocess.run(
            [str(word) for word in command],
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            timeout=60,
            env={**os.environ, "HOME": str(self.folder), **environment},
        )
        said = (done.stdout + done.stderr)[-3000:].decode(errors="replace")
        self.assertEqual(done.returncode, 0, f"{command[0]}: {said}")
        return done.stdout
