"""Certificates beside the main one: chosen by the name that a client asks for, and seen by running daemons."""

import os
import ssl
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support

PORTS = ("submissions", "imaps", "pop3s")


class Certificates(support.LoggedTest):
    def setUp(self):
        self.mail = self.enterContext(support.Installation())
        self.mail.start()
        self.tls = self.mail.folder / "tls"
        self.main = self.certificate_in(self.tls)

    def make_pair(self, folder, name):
        """A new pair for `name`, put in place as tools do: made elsewhere, then renamed; the certificate."""
        made = self.mail.folder / "made"
        made.mkdir(exist_ok=True)
        request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        request += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-days", "30"]
        request += ["-keyout", str(made / "key.pem"), "-out", str(made / "cert.pem")]
        subprocess.run(request, check=True, capture_output=True, timeout=support.PATIENCE_S)
        owner = self.tls.stat()
        folder.mkdir(exist_ok=True)
        for file in ("key.pem", "cert.pem"):
            os.chown(made / file, owner.st_uid, owner.st_gid)
            (made / file).chmod(0o640)  # the daemons' user reads it by its group
            (made / file).rename(folder / file)
        return self.certificate_in(folder)

    def write_slowly(self, folder, name):
        """A new pair, written in place by root, that the daemons may read only later."""
        if os.geteuid() != 0:
            return  # whoever writes is who reads
        made = self.mail.folder / "slow"
        new = self.make_pair(made, name)
        told = lambda: self.log_of("imapd").count("Permission denied")
        before = told()
        for file in ("key.pem", "cert.pem"):
            (folder / file).unlink()
            (folder / file).touch(mode=0o600)
            (folder / file).write_bytes((made / file).read_bytes())
        support.wait_until(lambda: told() > before, "what may not be read is told of")
        time.sleep(1)
        settled = told()
        time.sleep(2.5)
        self.assertEqual(told(), settled, "once, not every second")
        for file in ("cert.pem", "key.pem"):
            os.chown(folder / file, -1, (made / file).stat().st_gid)
            (folder / file).chmod(0o640)
        self.expect(name, new)

    @staticmethod
    def certificate_in(folder):
        return ssl.PEM_cert_to_DER_cert((folder / "cert.pem").read_text())

    def shown(self, port, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection((support.HOST, self.mail.port(port)), support.PATIENCE_S) as plain:
            with context.wrap_socket(plain, server_hostname=name) as secured:
                return secured.getpeercert(binary_form=True)

    def expect(self, name, certificate):
        for port in PORTS:
            what = f"{port} shows the right certificate for {name}"
            support.wait_until(lambda: self.shown(port, name) == certificate, what)

    def test_they_are_seen_when_they_come_and_change(self):
        self.expect("mail.example.net", self.main)
        self.expect(None, self.main)
        first = self.make_pair(self.tls / "example.net", "mail.example.net")
        self.expect("mail.example.net", first)
        self.expect(support.HOSTNAME, self.main)
        self.expect(None, self.main)

        with self.subTest("in a folder that is watched since it came"):
            renewed = self.make_pair(self.tls / "example.net", "mail.example.net")
            self.assertNotEqual(first, renewed)
            self.expect("mail.example.net", renewed)
        with self.subTest("broken: it stays what it was, and all serve on"):
            (self.tls / "example.net" / "cert.pem").write_text("garbage")
            told = lambda: "certificate.skipped" in self.log_of("smtpd") and "certificate.skipped" in self.log_of("imapd")
            support.wait_until(told, "the broken pair is told of")
            self.expect("mail.example.net", renewed)
            self.expect(support.HOSTNAME, self.main)
        with self.subTest("mended"):
            self.expect("mail.example.net", self.make_pair(self.tls / "example.net", "mail.example.net"))
        for folder, name in ((self.tls, support.HOSTNAME), (self.tls / "example.net", "mail.example.net")):
            with self.subTest("copied first, readable later", folder=folder):
                self.write_slowly(folder, name)
        self.main = self.certificate_in(self.tls)
        with self.subTest("a link to a folder elsewhere, with a wildcard"):
            elsewhere = self.mail.folder / "elsewhere"
            wildcard = self.make_pair(elsewhere, "*.example.com")
            (self.tls / "linked").symlink_to(elsewhere)
            self.expect("imap.example.com", wildcard)
            self.expect("a.imap.example.com", self.main)
        with self.subTest("a broken pair at the start"):
            (self.tls / "linked" / "key.pem").write_text("garbage")
            self.mail.stop()
            self.mail.start()
            self.expect("imap.example.com", self.main)

    def log_of(self, daemon):
        return (self.mail.folder / "log" / f"{daemon}.log").read_text()


if __name__ == "__main__":
    unittest.main()
