"""Mail to and from Debian's Postfix, which runs from a folder of its own and touches nothing of the machine's."""

import base64
import contextlib
import email
import email.policy
import grp
import os
import pwd
import re
import shutil
import smtplib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from internet import Internet, InternetTest, Report
from support import PATIENCE_S, assert_same_message, execute, message, wait_until

HOSTS = {
    "north": "127.0.0.2",
    "postfix": "127.0.0.5",
    "plain": "127.0.0.6",  # the same Postfix, which offers hardly more than ESMTP here
}

RECORDS = """
north MX 10 mail.north
postfix MX 10 mail.postfix
plain MX 10 mail.plain
"""

# Unprivileged accounts that every Debian has; the package would make some of its own.
OWNER, DROP_GROUP, MAILBOX_OWNER = "mail", "daemon", "nobody"

MESSAGE_MAX_OCTETS = 500_000

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
daemon_directory = {program}/usr/lib/postfix/sbin
command_directory = {program}/usr/sbin
shlib_directory = {program}/usr/lib/postfix
meta_directory = {program}/etc/postfix
import_environment = MAIL_CONFIG MAIL_LOGTAG POSTLOG_SERVICE POSTLOG_HOSTNAME LANG=C LD_LIBRARY_PATH
export_environment = TZ MAIL_CONFIG LANG LD_LIBRARY_PATH
mail_owner = {owner}
setgid_group = {drop_group}
default_privs = {mailbox_owner}
maillog_file = {folder}/log
maillog_file_prefixes = {folder}

myhostname = mail.postfix.test
mydomain = postfix.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
message_size_limit = {message_max}
relayhost = [{north}]:{port}
smtp_tls_security_level = may
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_tls_received_header = yes
alias_maps =
virtual_mailbox_domains = postfix.test, plain.test
virtual_mailbox_base = {folder}/mailboxes
virtual_mailbox_maps = inline:{{ {{ dora@postfix.test = dora/ }}, {{ dora@plain.test = dora/ }} }}
virtual_alias_maps = inline:{{ {{ moved@postfix.test = nobody.here@north.test }} }}
virtual_uid_maps = static:{mailbox_uid}
virtual_gid_maps = static:{mailbox_gid}
virtual_minimum_uid = 1
"""

MASTER_CF = """
{postfix}:{port} inet n - n - - smtpd
{plain}:{port} inet n - n - - smtpd
  -o smtpd_discard_ehlo_keywords=chunking,pipelining,dsn,starttls,enhancedstatuscodes,8bitmime,smtputf8
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")


class Postfix:
    """Postfix as the package has it, unpacked. Everything it writes lies in one folder."""

    def __init__(self, internet):
        self.addresses = internet.hosts
        self.port = internet.smtp_port

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="posthaste-postfix-", dir="/var/tmp"))
            stack.callback(shutil.rmtree, self.folder)
            self.folder.chmod(0o755)
            self.program = unpack(self.folder)
            libraries = [self.program / "usr/lib/postfix", self.program / f"usr/lib/{os.uname().machine}-linux-gnu"]
            self.environment = {"LD_LIBRARY_PATH": ":".join(map(str, libraries))}
            self._make_folders()
            self._configure()
            master = [self.program / "usr/lib/postfix/sbin/master", "-c", self.folder, "-s"]  # in the foreground
            environment = {**os.environ, **self.environment}
            with (self.folder / "log").open("w") as log:
                process = {"env": environment, "stdin": subprocess.DEVNULL, "stderr": log}
                self.process = subprocess.Popen(master, start_new_session=True, **process)
            stack.callback(self._end)
            stack.push(self._tell)
            for name in ("postfix", "plain"):
                wait_until(lambda: self._answers(self.addresses[name]), "Postfix answers")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _tell(self, error, *_):
        """What Postfix says when it does not come up."""
        if error:
            print(self.logs(), file=sys.stderr)

    def _make_folders(self):
        owner, drop_group = pwd.getpwnam(OWNER).pw_uid, grp.getgrnam(DROP_GROUP).gr_gid
        mailboxes = pwd.getpwnam(MAILBOX_OWNER)
        for name, uid, gid, mode in (
            ("spool", 0, 0, 0o755),
            ("spool/pid", 0, 0, 0o755),
            *((f"spool/{queue}", owner, 0, 0o700) for queue in QUEUES),
            ("spool/maildrop", owner, drop_group, 0o1730),
            ("spool/public", owner, drop_group, 0o710),
            ("data", owner, 0, 0o700),
            ("mailboxes", mailboxes.pw_uid, mailboxes.pw_gid, 0o700),
        ):
            folder = self.folder / name
            folder.mkdir()
            os.chown(folder, uid, gid)
            folder.chmod(mode)

    def _configure(self):
        done = execute(
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", "/CN=mail.postfix.test", "-days", "30"),
            *("-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem"),
        )
        assert done.returncode == 0, done.stderr
        mailboxes = pwd.getpwnam(MAILBOX_OWNER)
        main = MAIN_CF.format(
            folder=self.folder,
            program=self.program,
            owner=OWNER,
            drop_group=DROP_GROUP,
            mailbox_owner=MAILBOX_OWNER,
            mailbox_uid=mailboxes.pw_uid,
            mailbox_gid=mailboxes.pw_gid,
            north=self.addresses["north"],
            port=self.port,
            message_max=MESSAGE_MAX_OCTETS,
        )
        (self.folder / "main.cf").write_text(main)
        (self.folder / "master.cf").write_text(MASTER_CF.format(port=self.port, **self.addresses))

    def _answers(self, address):
        assert self.process.poll() is None, f"Postfix has ended, {self.process.returncode}:\n{self.log()}"
        try:
            with smtplib.SMTP(address, self.port, timeout=PATIENCE_S) as client:
                return client.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _end(self):
        self.process.terminate()  # it ends its children
        self.process.wait(PATIENCE_S)

    def log(self):
        return (self.folder / "log").read_text()

    def logs(self):
        return "\n".join(self.log().splitlines()[-60:]) + "\n"

    @property
    def domain(self):
        return "postfix.test"

    def send(self, sender, recipients, octets, *options):
        """By its sendmail command, in lines as Unix has them."""
        command = [self.program / "usr/sbin/sendmail", "-C", self.folder, "-i", *options, "-f", sender, *recipients]
        text = octets.replace(b"\r\n", b"\n").decode()
        done = execute(*command, input=text, environment=self.environment)
        assert done.returncode == 0, done.stderr

    def messages(self):
        """What is in Dora's mailbox, in CRLF lines."""
        files = (self.folder / "mailboxes/dora").glob("new/*")
        return [file.read_bytes().replace(b"\n", b"\r\n") for file in files]

    def find(self, sent):
        identifier = support.message_id(sent)
        return wait_until(
            lambda: next((octets for octets in self.messages() if support.message_id(octets) == identifier), None),
            f"Postfix delivers {identifier}",
        )

    def find_report(self, sent):
        """A notification about a message in Dora's mailbox."""

        def told():
            for octets in self.messages():
                if b"multipart/report" in octets and Report(octets).message_id == support.message_id(sent):
                    return Report(octets)
            return None

        return wait_until(told, "Dora hears of her message")


def unix(text):
    """Whichever line ends Python found."""
    return text.replace("\r\n", "\n")


def unpack(folder):
    """The package and what it needs that is not installed, as apt has them; the folder with its usr/ and etc/."""
    packages, program = folder / "packages", folder / "program"
    (packages / "partial").mkdir(parents=True)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "--download-only", "--reinstall"]
    where = ["-o", f"Dir::Cache::archives={packages}", "-o", "APT::Sandbox::User=root"]
    done = execute(*command, *where, "postfix", timeout=120)
    archives = [path for path in packages.glob("*.deb") if re.match(r"postfix_|lib", path.name)]
    if done.returncode != 0 or not archives:
        if Path("/usr/lib/postfix/sbin/master").exists():
            return Path("/")
        raise unittest.SkipTest(f"apt-get can't download Postfix: {done.stderr.strip()}")
    for archive in archives:
        done = execute("dpkg-deb", "--extract", archive, program)
        assert done.returncode == 0, done.stderr
    return program


@unittest.skipUnless(os.geteuid() == 0, "Postfix has to be started by root")
class WithPostfix(InternetTest):
    @classmethod
    def setUpClass(cls):
        cls.internet = cls.enterClassContext(Internet(HOSTS, RECORDS))
        cls.postfix = cls.enterClassContext(Postfix(cls.internet))
        cls.north = cls.internet.station("north", ("alice", "bob"))
        cls.stations = cls.north, cls.postfix

    def from_alice(self, subject, body=b"Hello.\r\n.\r\n..two\r\n", fields=b""):
        return message(subject, body, "alice", "dora", fields)

    def test_postfix_receives_what_we_relay(self):
        body = b"Hello.\r\n.\r\n..two\r\n" + b"x" * 998 + b"\r\n" + "Grüße\r\n".encode()
        small = self.from_alice("Small", body)
        large = self.from_alice("Large", b"0123456789" * 7 + b"\r\n" + b"y" * 900 + b"\r\n" * 40_000)
        for sent in (small, large):
            self.north.submit_as("alice", sent, ["dora@postfix.test"], "BODY=8BITMIME")
        for sent in (small, large):
            stored = self.postfix.find(sent)
            assert_same_message(self, stored, sent)
            self.assertTrue(stored.startswith(b"Return-Path: <alice@north.test>\r\n"))
            self.assertRegex(stored, rb"(?s)using TLSv1\.3 .*by mail\.postfix\.test \(Postfix\) with ESMTPS")
        self.assert_the_plain_host_receives_it_too()
        self.north.wait_for_empty_queue()
        # At the end of a session Postfix says how often it has heard which command.
        for count in ("starttls=1", r"bdat=\d+", r"data=\d+"):
            said = rf"disconnect from \S+ .*\b{count}\b"
            wait_until(lambda: re.search(said, self.postfix.log()), f"a session with {count} ends")

    def assert_the_plain_host_receives_it_too(self):
        sent = self.from_alice("To a plain host")
        self.north.submit_as("alice", sent, [("dora@plain.test", "NOTIFY=SUCCESS")])
        stored = self.postfix.find(sent)
        assert_same_message(self, stored, sent)
        self.assertIn(b"with ESMTP id", stored)
        reports = self.north.wait_for_report("alice", sent, "dora@plain.test", action="relayed")
        report, fields = reports["dora@plain.test"]
        self.assertEqual(report.message["Reporting-MTA"], "dns; mail.north.test")
        self.assertEqual(fields["Remote-MTA"], "dns; mail.plain.test")

    def test_a_host_without_8bitmime_gets_7_bits(self):
        text, page = "Grüße aus Köln, am Rhein gelegen.\r\n" * 2_000, "<p>日本語</p>\r\n"
        octets = bytes(range(256)) * 100
        boundary = b'Content-Type: multipart/mixed; boundary="a.b"\r\nMIME-Version: 1.0\r\n'
        eight = b"Content-Transfer-Encoding: 8bit\r\n"
        inner = b'Content-Type: multipart/alternative; boundary="c.d"\r\n' + eight + b"\r\n"
        for charset, kind, content in (("iso-8859-1", "plain", text), ("utf-8", "html", page)):
            inner += b"--c.d\r\nContent-Type: text/%b; charset=%b\r\n" % (kind.encode(), charset.encode())
            inner += eight + b"\r\n" + content.encode(charset) + b"\r\n"
        attached = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        attached += base64.encodebytes(octets).replace(b"\n", b"\r\n")
        letter = b"Subject: Letter\r\n\r\n" + text.encode()
        body = b"--a.b\r\n" + inner + b"--c.d--\r\n--a.b\r\n" + attached
        body += b"--a.b\r\nContent-Type: message/rfc822\r\n\r\n" + letter + b"\r\n--a.b--\r\n"
        sent = self.from_alice("In 8 bits", body, boundary)
        self.north.submit_as("alice", sent, ["dora@plain.test"], "BODY=8BITMIME")
        stored = self.postfix.find(sent)
        self.assertTrue(stored.isascii())
        parsed = email.message_from_bytes(stored, policy=email.policy.SMTP)
        self.assertEqual(parsed.defects, [])
        alternatives, bytes_, letter_ = parsed.iter_parts()
        texts = [unix(part.get_content()) for part in (*alternatives.iter_parts(), letter_.get_content())]
        self.assertEqual([each.count("\n") for each in texts], [2_000, 1, 2_000])
        self.assertTrue(texts == [unix(text), unix(page), unix(text)])  # a difference would take minutes to print
        self.assertTrue(bytes_.get_content() == octets)

    def test_what_is_signed_in_8_bits_is_reported(self):
        fields = b'Content-Type: multipart/signed; boundary="a.b"; micalg=pgp-sha256\r\nMIME-Version: 1.0\r\n'
        body = "--a.b\r\n\r\nGrüße\r\n--a.b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--a.b--\r\n"
        sent = self.from_alice("Signed", body.encode(), fields)
        self.north.submit_as("alice", sent, ["dora@plain.test", "dora@postfix.test"], "BODY=8BITMIME")
        assert_same_message(self, self.postfix.find(sent), sent)
        _, fields = self.north.wait_for_report("alice", sent, "dora@plain.test")["dora@plain.test"]
        self.assertEqual(fields["Status"], "5.6.3")  # RFC 3463 §3.7: conversion required but not supported

    def test_the_size_that_postfix_announces_is_heeded(self):
        sent = self.from_alice("Too large", b"z" * 70 + b"\r\n" * (MESSAGE_MAX_OCTETS // 2))
        self.north.submit_as("alice", sent, ["dora@postfix.test"])
        _, fields = self.north.wait_for_report("alice", sent, "dora@postfix.test")["dora@postfix.test"]
        self.assertEqual(fields["Status"], "5.3.4")  # RFC 3463 §3.4: message too big for system
        self.assertNotIn("message size", self.postfix.log())

    def test_postfix_reports_the_success_that_our_user_asked_for(self):
        sent = self.from_alice("Report it")
        recipient = ("dora@postfix.test", "NOTIFY=SUCCESS", "ORCPT=rfc822;dorothea@postfix.test")
        self.north.submit_as("alice", sent, [recipient], "RET=HDRS", "ENVID=abc+2B1")
        self.postfix.find(sent)
        reports = self.north.wait_for_report("alice", sent, "dora@postfix.test", action="delivered")
        ((report, fields),) = reports.values()
        self.assertEqual(report.message["Reporting-MTA"], "dns; mail.postfix.test")
        self.assertEqual(report.message["Original-Envelope-Id"], "abc+1")
        self.assertEqual(fields["Original-Recipient"], "rfc822;dorothea@postfix.test")
        self.assertEqual(len(self.north.reports("alice", sent)), 1)

    def test_an_unknown_recipient_is_reported_by_us(self):
        sent = self.from_alice("To nobody")
        self.north.submit_as("alice", sent, ["nobody@postfix.test", "dora@postfix.test"])
        _, fields = self.north.wait_for_report("alice", sent, "nobody@postfix.test")["nobody@postfix.test"]
        self.assertEqual(fields["Status"], "5.1.1")
        self.assertEqual(fields["Remote-MTA"], "dns; mail.postfix.test")
        self.assertRegex(re.sub(r"\r?\n ", " ", fields["Diagnostic-Code"]), r"^smtp; 550 5\.1\.1 .*User unknown")
        assert_same_message(self, self.postfix.find(sent), sent)

    def test_postfix_s_own_bounce_is_delivered(self):
        sent = self.from_alice("To one who has moved")
        self.north.submit_as("alice", sent, ["moved@postfix.test"])  # on to nobody.here@north.test
        reports = wait_until(lambda: self.north.reports("alice", sent), "Postfix's bounce arrives")
        (report,) = reports
        self.assertEqual(report.message["Reporting-MTA"], "dns; mail.postfix.test")
        (fields,) = report.recipients
        self.assertEqual(fields["Action"], "failed")
        self.assertEqual(fields["Status"], "5.1.1")
        self.assertRegex(fields["Remote-MTA"], r"127\.0\.0\.2|mail\.north\.test")
        self.assertEqual(report.header["Return-Path"], "<>")

    def test_postfix_sends_to_us(self):
        sent = message("From Postfix", b"Hello.\r\n.\r\n..two\r\n" + b"x" * 990 + b"\r\n", "dora", "bob")
        self.postfix.send("dora@postfix.test", ["bob@north.test", "alice@north.test"], sent)
        for user in ("bob", "alice"):
            stored = self.north.find(user, sent)
            assert_same_message(self, stored, sent)
            self.assertTrue(stored.startswith(b"Return-Path: <dora@postfix.test>\r\n"))
            self.assertRegex(stored, rb"(?s)from mail\.postfix\.test .*by mail\.north\.test with E?SMTPS ")

    def test_postfix_hears_of_success_and_failure_from_us(self):
        sent = message("Report it", b"Hello.\r\n", "dora", "bob")
        self.postfix.send("dora@postfix.test", ["bob@north.test"], sent, "-N", "success", "-V", "our-id")
        report = self.postfix.find_report(sent)
        (fields,) = report.recipients
        self.assertEqual(report.message["Reporting-MTA"], "dns; mail.north.test")
        self.assertEqual(report.message["Original-Envelope-Id"], "our-id")
        self.assertEqual(fields["Original-Recipient"], "rfc822;bob@north.test")
        self.assertEqual(fields["Action"], "delivered")
        refused = message("To nobody", b"Hello.\r\n", "dora", "nobody")
        self.postfix.send("dora@postfix.test", ["nobody.here@north.test"], refused)
        (fields,) = self.postfix.find_report(refused).recipients
        self.assertEqual(fields["Status"], "5.1.1")


if __name__ == "__main__":
    unittest.main()
