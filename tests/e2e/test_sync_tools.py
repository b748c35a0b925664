"""Programs that copy mailboxes, both ways and a large one, and the libraries that scripts are made with."""

import contextlib
import email
import email.policy
import os
import pty
import re
import subprocess
import sys
import textwrap
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import HOST, HOSTNAME, address, message, must, needs, password

LARGE = 10_000


class SyncTools(support.ClientTest):
    """Each test has a user of its own."""

    users = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan")
    settings = {"workers.count": 2}

    @contextlib.contextmanager
    def logged_in(self, user):
        client = self.mail.imap(user, implicit=True)
        try:
            yield client
        finally:
            client.logout()

    def flags(self, user, mailbox):
        """{subject: flags} of a mailbox, without \\Recent, which is a session's; no subject may be there twice."""
        with self.logged_in(user) as client:
            must(client.select(mailbox, readonly=True))
            data = must(client.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))
        found = {}
        for item in data:
            if isinstance(item, tuple):
                subject = re.search(rb"Subject: (.*?)\r\n", item[1])[1].decode()
                self.assertNotIn(subject, found)
                flags = re.search(rb"FLAGS \(([^)]*)\)", item[0])[1].decode().split()
                found[subject] = set(flags) - {r"\Recent"}
        return found

    def script(self, name, text):
        return self.file(name, textwrap.dedent(text))


class Mbsync(SyncTools):
    def setUp(self):
        self.maildir = self.folder / self.id()
        self.maildir.mkdir()

    def settings_for(self, user):
        return self.script(
            f"mbsyncrc-{user}",
            f"""\
            FSync no

            IMAPAccount there
            Host localhost
            Port {self.mail.port("imaps")}
            User {address(user)}
            Pass {password(user)}
            SSLType IMAPS
            CertificateFile {self.mail.certificate}

            IMAPStore there
            Account there

            MaildirStore here
            Path {self.maildir}/
            Inbox {self.maildir}/INBOX
            SubFolders Verbatim

            Channel all
            Far :there:
            Near :here:
            Patterns * !Archive !Drafts !Junk !Sent !Trash
            Create Both
            Expunge Both
            SyncState *
            """,
        )

    def sync(self, user):
        self.call("mbsync", "--quiet", "--quiet", "--config", self.settings_for(user), "all")

    def assert_in_sync(self, user):
        """One more run, which looks and changes nothing."""
        said = self.call("mbsync", "--config", self.settings_for(user), "--debug-net", "all")  # the whole conversation
        self.assertIn(b"SELECT", said)
        self.assertNotRegex(said, rb">>> \d+ (UID FETCH .*BODY|UID STORE|APPEND|UID EXPUNGE|EXPUNGE|CREATE|DELETE)")

    def files(self, mailbox):
        return [file for folder in ("new", "cur") for file in (self.maildir / mailbox / folder).iterdir()]

    def here(self, mailbox):
        """{subject: letters of flags} of the Maildir."""
        found = {}
        for file in self.files(mailbox):
            subject = re.search(rb"^Subject: (.*)$", file.read_bytes(), re.MULTILINE)[1].decode()
            self.assertNotIn(subject, found)
            found[subject] = set(file.name.partition(":2,")[2])
        return found

    def file_of(self, mailbox, subject):
        wanted = f"\nSubject: {subject}\n".encode()
        return next(file for file in self.files(mailbox) if wanted in file.read_bytes())

    def flag(self, file, letters):
        name, _, flags = file.name.partition(":2,")
        file.rename(file.parent.parent / "cur" / (name + ":2," + "".join(sorted({*flags, *letters}))))

    def put(self, mailbox, octets, name):
        (self.maildir / mailbox / "cur" / (name + ":2,S")).write_bytes(octets.replace(b"\r\n", b"\n"))

    @needs("mbsync")
    def test_ten_thousand_messages_both_ways(self):
        with self.logged_in("alice") as client:
            must(client.create("Large"))
            for i in range(100):
                must(client.append("Large", None, None, message(f"Far {i}", b"x" * i + b"\r\n")))
            count = 100
            while count < LARGE:  # the rest are copies of these
                must(client.select("Large"))
                more = min(count, LARGE - count)
                must(client.copy(f"1:{more}", "Large"))
                count += more
        self.sync("alice")
        self.assertEqual(len(self.files("Large")), LARGE)
        self.assert_in_sync("alice")

        for file in self.files("Large")[:200]:
            self.flag(file, "S")
        for i in range(50):
            self.put("Large", message(f"Near {i}"), f"near-{i}")
        with self.logged_in("alice") as client:
            must(client.select("Large"))
            must(client.store("1:3000", "+FLAGS", r"(\Flagged)"))
            must(client.copy("1:100", "Large"))
        self.sync("alice")
        with self.logged_in("alice") as client:
            self.assertEqual(must(client.select("Large")), [b"%d" % (LARGE + 150)])
            self.assertEqual(len(must(client.search(None, "SEEN"))[0].split()), 250)
            self.assertEqual(len(must(client.search(None, "FLAGGED"))[0].split()), 3000 + 100)  # COPY keeps flags
            self.assertEqual(len(must(client.search(None, "SUBJECT", '"Near "'))[0].split()), 50)
        letters = [file.name.partition(":2,")[2] for file in self.files("Large")]
        self.assertEqual(len(letters), LARGE + 150)
        self.assertEqual(sum("F" in flags for flags in letters), 3100)
        self.assert_in_sync("alice")

        for file in sorted(self.files("Large"))[:500]:
            file.unlink()
        with self.logged_in("alice") as client:
            must(client.select("Large"))
            must(client.store(f"{LARGE - 3999}:{LARGE + 100}", "+FLAGS.SILENT", r"(\Deleted)"))
            must(client.expunge())
        self.sync("alice")
        with self.logged_in("alice") as client:
            self.assertEqual(must(client.select("Large")), [b"%d" % len(self.files("Large"))])
        self.assert_in_sync("alice")

    @needs("mbsync")
    def test_conflicts_end_with_both_sides_the_same(self):
        names = ("flagged on both", "deleted here", "deleted there", "deleted on both", "deleted here, flagged there")
        names += ("flagged here, deleted there", "left alone")
        with self.logged_in("bob") as client:
            must(client.create("Conflicts"))
            for name in names:
                must(client.append("Conflicts", None, None, message(name)))
        self.sync("bob")
        self.assertEqual(self.here("Conflicts").keys(), set(names))

        for name in names:
            if "deleted here" in name or "deleted on both" in name:
                self.file_of("Conflicts", name).unlink()
            elif "flagged here" in name or "flagged on both" in name:
                self.flag(self.file_of("Conflicts", name), "F")
        self.put("Conflicts", message("made here"), "made-here")
        with self.logged_in("bob") as client:
            must(client.select("Conflicts"))
            must(client.store("1", "+FLAGS", r"(\Answered)"))
            must(client.store("5", "+FLAGS", r"(\Flagged)"))
            must(client.store("3,4,6", "+FLAGS", r"(\Deleted)"))
            must(client.expunge())
            must(client.append("Conflicts", None, None, message("made there")))
        for _ in range(2):  # what was changed on one side may come back first, and go at the second look
            self.sync("bob")
        here = self.here("Conflicts")
        there = self.flags("bob", "Conflicts")
        self.assertEqual(here.keys(), there.keys())
        self.assertLessEqual({"flagged on both", "left alone", "made here", "made there"}, here.keys())
        self.assertFalse({"deleted here", "deleted there", "deleted on both"} & here.keys())
        self.assertEqual(here["flagged on both"], {"F", "R"})
        self.assertEqual(there["flagged on both"], {r"\Flagged", r"\Answered"})
        self.assert_in_sync("bob")


class Others(SyncTools):
    @needs("offlineimap")
    def test_offlineimap_both_ways(self):
        with self.logged_in("carol") as client:
            must(client.create("Work/Plans"))
            for subject in ("to be deleted here", "to be flagged here", "to be flagged there", "to be deleted there"):
                must(client.append("Work/Plans", None, None, message(subject)))
        maildir = self.folder / "offlineimap"
        settings = self.script(
            "offlineimaprc",
            f"""\
            [general]
            accounts = all
            metadata = {self.folder}/offlineimap-state
            fsync = false
            [Account all]
            localrepository = here
            remoterepository = there
            [Repository here]
            type = Maildir
            localfolders = {maildir}
            [Repository there]
            type = IMAP
            remotehost = localhost
            remoteport = {self.mail.port("imaps")}
            remoteuser = {address("carol")}
            remotepass = {password("carol")}
            ssl = yes
            sslcacertfile = {self.mail.certificate}
            folderfilter = lambda name: name == "Work/Plans"
            """,
        )
        offlineimap = ("offlineimap", "-o", "-c", settings, "-u", "quiet")
        self.call(*offlineimap)

        def files():
            return [file for file in maildir.glob("**/*") if file.parent.name in ("new", "cur")]

        def file_of(subject):
            return next(file for file in files() if f"Subject: {subject}\n".encode() in file.read_bytes())

        self.assertEqual(len(files()), 4)
        file_of("to be deleted here").unlink()
        flagged = file_of("to be flagged here")
        flagged.rename(flagged.parent.parent / "cur" / (flagged.name.partition(":")[0] + ":2,FS"))
        (flagged.parent.parent / "cur" / "made-here:2,S").write_bytes(message("made here").replace(b"\r\n", b"\n"))
        with self.logged_in("carol") as client:
            must(client.select("Work/Plans"))
            must(client.store("3", "+FLAGS", r"(\Answered)"))
            must(client.store("4", "+FLAGS", r"(\Deleted)"))
            must(client.expunge())
        self.call(*offlineimap)
        self.assertEqual(
            self.flags("carol", "Work/Plans"),
            {"to be flagged here": {r"\Flagged", r"\Seen"}, "to be flagged there": {r"\Answered"}}
            | {"made here": {r"\Seen"}},
        )
        self.assertEqual(len(files()), 3)
        self.assertRegex(file_of("to be flagged there").name, ":2,R$")
        before = sorted(files())
        self.call(*offlineimap)
        self.assertEqual(sorted(files()), before)

    @needs("mutt")
    def test_mutt_flags_copies_deletes_and_sends(self):
        with self.logged_in("dave") as client:
            must(client.create("Kept"))
            for subject in ("flag me", "copy me", "delete me"):
                must(client.append("INBOX", None, None, message(subject)))
        server = f"{HOST}:{self.mail.port('imaps')}"
        settings = self.script(
            "muttrc",
            f"""\
            set folder = "imaps://{server}/"
            set spoolfile = "+INBOX"
            set record = "+Sent"
            set imap_user = "{address("dave")}"
            set imap_pass = "{password("dave")}"
            set smtp_url = "smtps://{address("dave")}@{HOST}:{self.mail.port("submissions")}/"
            set smtp_pass = "{password("dave")}"
            set from = "{address("dave")}"
            set certificate_file = "{self.mail.certificate}"
            set header_cache = "{self.folder}/mutt-headers"
            set delete = yes
            set confirmappend = no
            set wait_key = no
            set mail_check_stats = no
            """,
        )
        keys = (
            "<search>~s flag.me<enter><flag-message>"
            "<search>~s copy.me<enter><copy-message>+Kept<enter>"
            "<search>~s delete.me<enter><delete-message>"
            "<sync-mailbox><quit>"
        )
        self.on_a_terminal("mutt", "-F", settings, "-e", f'push "{keys}"')
        there = self.flags("dave", "INBOX")
        self.assertEqual(there.keys(), {"flag me", "copy me"})
        self.assertIn(r"\Flagged", there["flag me"])
        self.assertEqual(self.flags("dave", "Kept").keys(), {"copy me"})

        self.call("mutt", "-F", settings, "-s", "by mutt", "--", address("ivan"), input=b"Hello.\n")
        support.wait_until(lambda: "by mutt" in self.flags("ivan", "INBOX"), "it has arrived")
        self.assertEqual(self.flags("dave", "Sent"), {"by mutt": {r"\Seen"}})

    def on_a_terminal(self, *command):
        ours, theirs = pty.openpty()
        screen = bytearray()

        def read():
            with contextlib.suppress(OSError):  # the terminal's end
                while octets := os.read(ours, 65536):
                    screen.extend(octets)

        environment = {**os.environ, "HOME": str(self.folder), "TERM": "vt100", "LINES": "24", "COLUMNS": "80"}
        process = subprocess.Popen(
            [str(word) for word in command],
            **dict.fromkeys(("stdin", "stdout", "stderr"), theirs),
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        reader = threading.Thread(target=read)
        reader.start()
        try:
            status = process.wait(support.PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        reader.join()
        os.close(ours)
        self.assertEqual(status, 0, bytes(screen[-3000:]))

    def deliver_some(self, user):
        sent = [message(f"Message {i}", b"Body.\r\n..\r\n", recipient=user) for i in range(5)]
        for octets in sent:
            self.mail.deliver(octets, user)
            self.mail.find(user, octets)
        return sent

    def deliver_in_other_letters(self, user):
        """A message whose header is not ASCII, which a client without UTF8 gets as RFC 6857 says."""
        fields = (
            "Cc: \"Jörg, Müller\" <joerg@example.org>, grüße@example.org\r\nMIME-Version: 1.0\r\n"
            'Content-Type: text/plain; charset=utf-8; name="Räume.txt"\r\nContent-Transfer-Encoding: 8bit\r\n'
        )
        sent = message("Grüße", "Körper\r\n".encode(), recipient=user, fields=fields.encode())
        self.mail.deliver(sent, user)
        self.mail.find(user, sent)
        return sent

    def assert_read_in_ascii(self, folder, sent):
        """It is one of the files in the folder."""
        fetched = [file.read_bytes().replace(b"\r\n", b"\n") for file in folder.iterdir()]
        (octets,) = (each for each in fetched if support.message_id(each) == support.message_id(sent))
        self.assertTrue(octets.partition(b"\n\n")[0].isascii(), octets)
        read = email.message_from_bytes(octets, policy=email.policy.default)
        self.assertEqual(read["Subject"], "Grüße")
        (copied,) = read["Cc"].addresses
        self.assertEqual((copied.display_name, copied.addr_spec), ("Jörg, Müller", "joerg@example.org"))
        self.assertEqual(read["Content-Type"].params["name"], "Räume.txt")
        self.assertEqual(read.get_content(), "Körper\n")

    @needs("fetchmail")
    def test_fetchmail_takes_away_what_it_has_handed_over(self):
        for protocol, port in (("imap", "imaps"), ("pop3", "pop3s")):
            with self.subTest(protocol):
                sent = [*self.deliver_some("erin"), self.deliver_in_other_letters("erin")]
                inbox = self.folder / ("fetchmail-" + protocol)
                inbox.mkdir()
                program = self.file("deliver", f"#!/bin/sh\nexec cat > $(mktemp {inbox}/XXXXXX)\n", 0o700)
                settings = self.file(
                    "fetchmailrc",
                    f"poll {HOST} protocol {protocol} port {self.mail.port(port)}\n"
                    f'  user "{address("erin")}" password "{password("erin")}"\n'
                    f"  ssl sslcertck sslcertfile {self.mail.certificate} sslcommonname {HOSTNAME}\n"
                    f'  nokeep expunge 2 mda "{program}"\n',
                )
                ids = self.folder / "fetchids"
                self.call(
                    *("fetchmail", "--fetchmailrc", settings, "--idfile", ids, "--invisible"),
                    FETCHMAILHOME=str(self.folder),
                )
                fetched = [support.message_id(file.read_bytes()) for file in inbox.iterdir()]
                self.assertEqual(sorted(fetched), sorted(map(support.message_id, sent)))
                self.assertEqual(self.mail.messages("erin"), {})
                if protocol == "pop3":
                    self.assert_read_in_ascii(inbox, sent[-1])

    @needs("getmail")
    def test_getmail_fetches_once_and_then_deletes(self):
        sent = [*self.deliver_some("frank"), self.deliver_in_other_letters("frank")]
        for kind, port in (("IMAP", "imaps"), ("POP3", "pop3s")):
            with self.subTest(kind):
                inbox = self.folder / ("getmail-" + kind)
                inbox.mkdir()
                program = self.file("keep", f"#!/bin/sh\nexec cat > $(mktemp {inbox}/XXXXXX)\n", 0o700)

                def fetch(delete):
                    settings = self.script(
                        f"getmailrc-{kind}",
                        f"""\
                        [retriever]
                        type = Simple{kind}SSLRetriever
                        server = {HOST}
                        port = {self.mail.port(port)}
                        username = {address("frank")}
                        password = {password("frank")}
                        ca_certs = {self.mail.certificate}
                        [destination]
                        type = MDA_external
                        path = {program}
                        allow_root_commands = true
                        [options]
                        read_all = false
                        delete = {"true" if delete else "false"}
                        """,
                    )
                    self.call("getmail", "--getmaildir", self.folder, "--rcfile", settings)
                    return sorted(support.message_id(file.read_bytes()) for file in inbox.iterdir())

                for delete in (False, kind == "POP3"):
                    self.assertEqual(fetch(delete), sorted(map(support.message_id, sent)))
                if kind == "POP3":
                    self.assert_read_in_ascii(inbox, sent[-1])
        self.assertEqual(self.mail.messages("frank"), {})

    @needs("perl")
    def test_perl_mail_imapclient(self):
        if support.execute("perl", "-MMail::IMAPClient", "-MIO::Socket::SSL", "-e", "1").returncode != 0:
            self.skipTest("Mail::IMAPClient is not installed")
        script = self.script(
            "client.pl",
            r"""
            use strict;
            use warnings;
            use Mail::IMAPClient;
            my ($host, $port, $ca, $user, $password) = @ARGV;
            my $imap = Mail::IMAPClient->new(Server => $host, Port => $port, User => $user, Password => $password,
              Ssl => [SSL_ca_file => $ca, SSL_verifycn_name => 'mail.example.org'], Uid => 1) or die "login: $@";
            sub must { my ($what, $value) = @_; $value or die "$what: " . ($imap->LastError // 'no error'); $value }
            sub same { my ($what, $found, $wanted) = @_; $found eq $wanted or die "$what: $found, not $wanted" }

            must(IMAP4rev1 => $imap->has_capability('IMAP4rev1'));
            same(separator => $imap->separator, '/');
            must(create => $imap->create('Perl'));
            must(create => $imap->create('Perl/Below "it"'));
            must(exists => $imap->exists('Perl/Below "it"'));
            must(subscribe => $imap->subscribe('Perl'));
            same(subscribed => join(',', grep { /Perl/ } $imap->subscribed), 'Perl');
            must(select => $imap->select('Perl'));
            my @uids;
            for my $i (1 .. 5) {
              my $text = "From: a\@example.org\r\nTo: b\@example.org\r\nSubject: Number $i\r\n"
                . "Message-ID: <$i.perl\@example.org>\r\n\r\nBody $i with \"quotes\" and \\.\r\n";
              push @uids, must(append => $imap->append_string('Perl', $text, '\Seen'));
            }
            must(noop => $imap->noop);
            same(messages => scalar(@{$imap->messages}), 5);
            same(count => $imap->message_count('Perl'), 5);
            same(search => join(',', $imap->search('SUBJECT', 'Number 3')), $uids[2]);
            same(body => $imap->body_string($uids[1]), "Body 2 with \"quotes\" and \\.\r\n");
            same(subject => $imap->subject($uids[3]), 'Number 4');
            same(size => $imap->size($uids[0]), length $imap->message_string($uids[0]));
            same(flags => join(' ', sort grep { !/Recent/ } $imap->flags($uids[0])), '\Seen');
            my $headers = must(parse_headers => scalar $imap->parse_headers(\@uids, 'Subject', 'Message-ID'));
            same(headers => $headers->{$uids[4]}{'Message-ID'}[0], '<5.perl@example.org>');
            my $hash = must(fetch_hash => scalar $imap->fetch_hash('FLAGS', 'RFC822.SIZE', 'INTERNALDATE'));
            same(fetch_hash => scalar(keys %$hash), 5);
            my $structure = must(bodystructure => $imap->get_bodystructure($uids[0]));
            same(type => lc $structure->bodytype, 'text');
            my $envelope = must(envelope => $imap->get_envelope($uids[0]));
            same(envelope => $envelope->subject, 'Number 1');
            must(set_flag => $imap->set_flag('Flagged', $uids[0]));
            same(flagged => join(',', $imap->search('FLAGGED')), $uids[0]);
            must(unset_flag => $imap->unset_flag('Seen', $uids[0]));
            same(unseen => join(',', $imap->unseen), $uids[0]);
            must(copy => $imap->copy('Perl/Below "it"', @uids[0, 1]));
            must(move => $imap->move('Perl/Below "it"', $uids[4]));
            must(expunge => $imap->expunge);
            same(left => scalar(@{$imap->messages}), 4);
            same(count => $imap->message_count('Perl/Below "it"'), 3);
            must(delete_message => $imap->delete_message($uids[3]));
            must(uidexpunge => $imap->uidexpunge($uids[3]));
            same(left => join(',', $imap->messages), join(',', @uids[0 .. 2]));
            my $idle = must(idle => $imap->idle);
            must(done => $imap->done($idle));
            must(close => $imap->close);
            must(rename => $imap->rename('Perl', 'Pearl'));
            must(renamed => $imap->exists('Pearl/Below "it"'));
            must(delete => $imap->delete('Pearl/Below "it"'));
            must(logout => $imap->logout);
            print "all is well\n";
            """,
        )
        said = self.call(
            *("perl", script, HOST, self.mail.port("imaps"), self.mail.certificate),
            *(address("grace"), password("grace")),
        )
        self.assertEqual(said, b"all is well\n")

    def test_imaplib(self):
        client = self.mail.imap("heidi")
        self.addCleanup(client.logout)
        self.assertIn("IMAP4REV1", client.capabilities)
        self.assertEqual(must(client.namespace()), [b'(("" "/")) NIL NIL'])
        must(client.create("Lib"))
        must(client.subscribe("Lib"))
        self.assertEqual(must(client.lsub('""', "L*")), [b'() "/" Lib'])
        dates = ('"01-Feb-2024 03:04:05 +0100"', '"03-Mar-2023 00:00:00 +0000"')
        subjects = ("Banana", "apple", "=?utf-8?q?=C3=84pfel?=")
        for subject, date in zip(subjects, (*dates, dates[0])):
            must(client.append("Lib", r"(\Seen $Junk)", date, message(subject, b"Text of it.\r\n")))
        self.assertEqual(must(client.status("Lib", "(MESSAGES UNSEEN UIDNEXT)")), [b"Lib (MESSAGES 3 UNSEEN 0 UIDNEXT 4)"])
        self.assertEqual(must(client.select("Lib")), [b"3"])
        self.assertRegex(client.response("UIDVALIDITY")[1][0], rb"^[1-9]\d*$")
        self.assertEqual(must(client.search(None, "BEFORE", "1-Jan-2024")), [b"2"])
        self.assertEqual(must(client.search(None, "OR", "SUBJECT", "banana", "KEYWORD", "nothing")), [b"1"])
        client.literal = "äPFEL".encode()
        self.assertEqual(must(client.search("UTF-8", "SUBJECT")), [b"3"])
        self.assertEqual(must(client.sort("(SUBJECT)", "UTF-8", "ALL")), [b"2 3 1"])  # "Ä" is an "A" with a mark
        self.assertEqual(must(client.thread("REFERENCES", "UTF-8", "ALL")), [b"(1)(2)(3)"])
        data = must(client.fetch("1:2", "(UID INTERNALDATE ENVELOPE BODY.PEEK[TEXT]<5.2>)"))
        self.assertEqual([item[1] for item in data if isinstance(item, tuple)], [b"of", b"of"])
        must(client.uid("STORE", "1:2", "-FLAGS.SILENT", r"(\Seen)"))
        self.assertEqual(must(client.search(None, "UNSEEN")), [b"1 2"])
        must(client.check())
        must(client.uid("COPY", "2:*", "INBOX"))
        must(client.copy("1", "Lib"))
        must(client.uid("MOVE", "4", "Archive"))
        self.assertEqual(client.response("EXPUNGE"), ("EXPUNGE", [b"4"]))
        self.assertEqual(must(client.status("Archive", "(MESSAGES)")), [b"Archive (MESSAGES 1)"])
        must(client.store("2", "+FLAGS", r"\Deleted"))
        self.assertEqual(must(client.expunge()), [b"2"])
        must(client.store("1", "+FLAGS", r"\Deleted"))
        must(client.close())
        self.assertEqual(must(client.select("Lib", readonly=True)), [b"1"])
        self.assertEqual(client.store("1", "+FLAGS", r"\Deleted")[0], "NO")
        must(client.unselect())
        self.assertEqual(must(client.getquotaroot("Lib")), [[b"Lib"], [None]])  # without a limit there is no root
        self.assertEqual(client.getquota('""')[0], "NO")
        must(client.enable("UTF8=ACCEPT"))
        must(client.create('"Größe"'))
        self.assertEqual(must(client.list('""', "G*")), ['(\\HasNoChildren) "/" "Größe"'.encode()])
        must(client.rename('"Größe"', "Size"))
        must(client.unsubscribe("Lib"))
        must(client.delete("Lib"))
        self.assertEqual(client.select("Lib")[0], "NO")
        with self.assertRaises(client.error):
            client.xatom("NOSUCHCOMMAND")


if __name__ == "__main__":
    unittest.main()
