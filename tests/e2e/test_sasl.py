"""Can every client log in by the mechanism that it likes best, with each of its passwords, and by no other?"""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import HOST, HOSTNAME, address, message, password


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


class Scram:
    """The client's side of RFC 5802, by Python's hashlib."""

    def __init__(self, hash, user, secret, header="n,,", channel=b""):
        self.hash, self.secret, self.header, self.channel = hash, secret, header, channel
        self.bare = f"n={user},r={base64.b64encode(os.urandom(12)).decode()}"

    def _hmac(self, key, text):
        return hmac.digest(key, text, self.hash)

    def first(self):
        return (self.header + self.bare).encode()

    def final(self, server_first):
        fields = dict(field.split("=", 1) for field in server_first.decode().split(","))
        salt = base64.b64decode(fields["s"])
        salted = hashlib.pbkdf2_hmac(self.hash, self.secret.encode(), salt, int(fields["i"]))
        without_proof = (
            "c=" + base64.b64encode(self.header.encode() + self.channel).decode() + ",r=" + fields["r"]
        )
        text = f"{self.bare},{server_first.decode()},{without_proof}".encode()
        client_key = self._hmac(salted, b"Client Key")
        signature = self._hmac(hashlib.new(self.hash, client_key).digest(), text)
        proof = bytes(a ^ b for a, b in zip(client_key, signature))
        self.expected = b"v=" + base64.b64encode(self._hmac(self._hmac(salted, b"Server Key"), text))
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()


class OpenSsl(support.Dialogue):
    """A conversation through `openssl s_client`, which tells what RFC 9266 binds to; Python does not."""

    def __init__(self, port):
        command = ["openssl", "s_client", "-connect", f"{HOST}:{port}", "-servername", HOSTNAME, "-ign_eof"]
        command += ["-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self.heard = []
        while not (line := self.process.stdout.readline()).strip().startswith(b"Keying material:"):
            assert line, "openssl s_client ended"
        self.exporter = bytes.fromhex(line.split(b":")[1].strip().decode())

    def send(self, text):
        self.process.stdin.write(text.encode() + b"\r\n")

    def line(self):
        """The next line of the server's; s_client's own do not end in CRLF."""
        while line := self.process.stdout.readline():
            if line.endswith(b"\r\n"):
                self.heard.append(line[:-2].decode())
                return self.heard[-1]
        return None

    def close(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait(support.PATIENCE_S)
        self.process.stdout.close()


# How each protocol frames an exchange: its port, what comes before, the command, the mark of a challenge, success.
PROTOCOLS = {
    "imap": ("imaps", [], "a AUTHENTICATE ", r"\+ ", "a OK"),
    "pop3": ("pop3s", [], "AUTH ", r"\+ ", r"\+OK"),
    "smtp": ("submissions", ["EHLO client.example.com"], "AUTH ", "334 ", "235 "),
}


class Sasl(support.MailTest):
    users = ("alice", "bob")
    settings = {
        "auth.mechanisms": ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"]
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(dir="/var/tmp")))
        cls.mail.deliver(message("for everybody"), "alice")

    def greet(self, talk, protocol):
        _, before, *_ = PROTOCOLS[protocol]
        talk.line()
        for command in before:
            talk.ask(command, "250 ")

    def authenticate(self, talk, protocol, mechanism, scram):
        """A whole SCRAM exchange; the line that ends it."""
        _, _, command, challenge, success = PROTOCOLS[protocol]
        talk.send(command + mechanism + " " + base64.b64encode(scram.first()).decode())
        line = talk.line()
        for answer in (scram.final, lambda final: self.assertEqual(final, scram.expected) or b""):
            if not line.startswith(challenge.strip("\\")[:1]) or "ERR" in line:
                return line
            server_said = base64.b64decode(line.split(" ", 1)[1])
            talk.send(base64.b64encode(answer(server_said)).decode())
            line = talk.line()
        self.assertRegex(line, success)
        return line

    def end_point(self, talk):
        return hashlib.sha256(talk.socket.getpeercert(binary_form=True)).digest()

    def test_scram_plus_by_the_servers_certificate(self):
        for protocol in PROTOCOLS:
            for mechanism, hash in (("SCRAM-SHA-256-PLUS", "sha256"), ("SCRAM-SHA-1-PLUS", "sha1")):
                with self.subTest(protocol, mechanism=mechanism):
                    with self.mail.dialogue(PROTOCOLS[protocol][0]) as talk:
                        self.greet(talk, protocol)
                        header = "p=tls-server-end-point,,"
                        scram = Scram(hash, address("alice"), password("alice"), header, self.end_point(talk))
                        self.authenticate(talk, protocol, mechanism, scram)

    @needs("openssl")
    def test_scram_plus_by_the_tls_exporter(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                with OpenSsl(self.mail.port(PROTOCOLS[protocol][0])) as talk:
                    self.greet(talk, protocol)
                    scram = Scram("sha256", "alice", password("alice"), "p=tls-exporter,,", talk.exporter)
                    self.authenticate(talk, protocol, "SCRAM-SHA-256-PLUS", scram)

    def refused(self, protocol, mechanism, scram_of):
        with self.mail.dialogue(PROTOCOLS[protocol][0]) as talk:
            self.greet(talk, protocol)
            line = self.authenticate(talk, protocol, mechanism, scram_of(talk))
            self.assertRegex(line, r"a NO \[AUTHENTICATIONFAILED\]|-ERR \[AUTH\]|535 5\.7\.8")

    def test_who_stands_between_is_found_out(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                secret = password("alice")
                other = hashlib.sha256(b"another certificate").digest()
                self.refused(
                    protocol,
                    "SCRAM-SHA-256-PLUS",
                    lambda talk: Scram("sha256", "alice", secret, "p=tls-server-end-point,,", other),
                )
                self.refused(protocol, "SCRAM-SHA-256", lambda talk: Scram("sha256", "alice", secret, "y,,"))

    def app_password(self, user, name, *scope):
        made = self.mail.run("--json", "user", "app-password", "add", address(user), "--name", name, "--scope", ",".join(scope))
        return json.loads(made)["password"]

    def scram_login(self, protocol, user, secret):
        with self.mail.dialogue(PROTOCOLS[protocol][0]) as talk:
            self.greet(talk, protocol)
            return self.authenticate(talk, protocol, "SCRAM-SHA-256", Scram("sha256", address(user), secret))

    def test_app_password_has_its_scope_and_its_end(self):
        secret = self.app_password("bob", "phone", "imap", "smtp")
        listed = self.mail.run("user", "app-password", "list", address("bob"))
        self.assertIn("imap,smtp  phone", listed)
        self.assertNotIn(secret, listed)
        with self.mail.dialogue("imaps") as talk:
            talk.line()
            talk.send(f"a LOGIN {address('bob')} {secret}")
            talk.tagged("a", "OK")
        with self.mail.dialogue("submissions") as talk:
            self.greet(talk, "smtp")
            plain = base64.b64encode(f"\0{address('bob')}\0{secret}".encode()).decode()
            talk.ask(f"AUTH PLAIN {plain}", "235 ")
        with self.mail.dialogue("pop3s") as talk:
            talk.line()
            talk.send(f"USER {address('bob')}")
            talk.expect(r"\+OK")
            talk.send(f"PASS {secret}")
            talk.expect(r"-ERR \[AUTH\] This app password is not for POP3")
        self.assertRegex(self.scram_login("imap", "bob", secret), "a OK")
        self.assertRegex(self.scram_login("imap", "bob", password("bob")), "a OK")
        self.assertRegex(self.scram_login("pop3", "bob", secret), r"-ERR \[AUTH\]")
        log = (self.mail.folder / "log/imapd.log").read_text()
        self.assertIn("app_password=phone", log)
        self.assertNotIn(secret, log)

        self.mail.run("user", "app-password", "delete", address("bob"), "phone")
        with self.mail.dialogue("imaps") as talk:
            talk.line()
            talk.send(f"a LOGIN {address('bob')} {secret}")
            talk.tagged("a", r"NO \[AUTHENTICATIONFAILED\]")
        self.assertRegex(self.scram_login("imap", "bob", secret), r"a NO \[AUTHENTICATIONFAILED\]")

    # Real clients

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def call(self, *command, input=None):
        done = support.execute(*command, input=input, timeout=60, environment={"HOME": str(self.folder)})
        self.assertEqual(done.returncode, 0, f"{command[0]}: {(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def mechanism_of(self, daemon, event):
        """The mechanism of the last such login in a daemon's log."""
        lines = [line for line in (self.mail.folder / f"log/{daemon}.log").read_text().splitlines() if event in line]
        return dict(field.split("=", 1) for field in lines[-1].split() if "=" in field)["mechanism"]

    @needs("msmtp")
    def test_msmtp(self):
        for mechanism in ("scram-sha-256", "scram-sha-1", "plain", "login", None):
            with self.subTest(mechanism):
                configuration = self.file(
                    "msmtprc",
                    f"account default\nhost {HOST}\nport {self.mail.port('submission')}\nfrom {address('alice')}\n"
                    f"auth {mechanism or 'on'}\nuser {address('alice')}\npassword {password('alice')}\n"
                    f"tls on\ntls_starttls on\ntls_trust_file {self.mail.certificate}\n",
                )
                octets = message(f"by {mechanism}").replace(b"\r\n", b"\n").decode()
                self.call("msmtp", "-C", configuration, address("bob"), input=octets)
                used = self.mechanism_of("smtpd", "login.succeeded")
                if mechanism:
                    self.assertEqual(used, mechanism.upper())

    @needs("mbsync")
    def test_mbsync(self):
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "*"):
            with self.subTest(mechanism):
                store = self.folder / f"mail-{mechanism.replace('*', 'any')}"
                store.mkdir()
                configuration = self.file(
                    "mbsyncrc",
                    f"IMAPAccount a\nHost localhost\nPort {self.mail.port('imaps')}\nUser {address('alice')}\n"
                    f"Pass {password('alice')}\nSSLType IMAPS\nCertificateFile {self.mail.certificate}\n"
                    f"AuthMechs {mechanism}\n\nIMAPStore far\nAccount a\n\nMaildirStore near\n"
                    f"Path {store}/\nInbox {store}/INBOX\n\nChannel c\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSyncState *\n",
                )
                self.call("mbsync", "-c", configuration, "c")
                self.assertTrue(any((store / "INBOX").rglob("*,U=*")) or any((store / "INBOX/new").iterdir()))
                used = self.mechanism_of("imapd", "login.succeeded")
                if mechanism == "*":
                    self.assertIn("SCRAM", used)
                elif mechanism != "LOGIN":
                    self.assertEqual(used, mechanism)

    @needs("curl")
    def test_curl(self):
        """Debian's curl has no SCRAM: it takes PLAIN or LOGIN where they are, whatever else is offered."""
        for scheme, path in (("imaps", "INBOX;MAILINDEX=1"), ("pop3s", "1")):
            for mechanism in ("PLAIN", "LOGIN", None):
                with self.subTest(scheme, mechanism=mechanism):
                    options = ["--login-options", f"AUTH={mechanism}"] if mechanism else []
                    url = f"{scheme}://{HOSTNAME}:{self.mail.port(scheme)}/{path}"
                    octets = self.call(
                        "curl", "-sS", "--cacert", self.mail.certificate, "--resolve",
                        f"{HOSTNAME}:{self.mail.port(scheme)}:{HOST}", *options, "-u",
                        f"{address('alice')}:{password('alice')}", url,
                    )
                    self.assertIn("for everybody", octets)

    def test_without_tls_nothing_is_offered(self):
        with self.mail.dialogue("imap") as talk:
            greeting = talk.line()
            self.assertIn("LOGINDISABLED", greeting)
            self.assertNotIn("AUTH=", greeting)
        with self.mail.dialogue("pop3") as talk:
            talk.line()
            talk.send("CAPA")
            talk.expect(r"\+OK")
            lines = []
            while (line := talk.line()) != ".":
                lines.append(line)
            self.assertFalse([line for line in lines if line.startswith(("SASL", "USER"))], lines)
        with self.mail.dialogue("submission") as talk:
            talk.reply("220 ")
            self.assertFalse([line for line in talk.ask("EHLO client.example.com", "250 ") if "AUTH" in line])


if __name__ == "__main__":
    unittest.main()
