"""Several installations with domains of their own, the name server that tells them of each other, and hosts that say
what a test wants to hear."""

import contextlib
import email
import email.policy
import json
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
from pathlib import Path

import support
from support import HOST, PATIENCE_S, message_id, wait_until

NSD = "/usr/sbin/nsd"
DNS_PORT = 53
QUICK_RETRIES = {"queue.retry_delay_min_s": 1, "queue.retry_delay_max_s": 2}

A, MX = 1, 15  # RFC 1035 §3.2.2


class NameServer:
    """NSD, for the zone `test.` alone, in a folder of its own."""

    def __init__(self, port, records):
        self.port = port
        self.records = records

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="posthaste-nsd-", dir="/var/tmp"))
        zone = "$ORIGIN test.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"
        (self.folder / "zone").write_text(zone + self.records)
        files = ("pidfile", "pid"), ("xfrdfile", "xfrd"), ("zonelistfile", "list"), ("logfile", "log")
        (self.folder / "nsd.conf").write_text(
            f"server:\n  ip-address: {HOST}@{self.port}\n  server-count: 1\n"
            f'  username: ""\n  database: ""\n  zonesdir: "{self.folder}"\n  xfrdir: "{self.folder}"\n'
            + "".join(f'  {key}: "{self.folder / name}"\n' for key, name in files)
            + "  rrl-ratelimit: 0\n  rrl-whitelist-ratelimit: 0\n"  # they would leave our many questions unanswered
            + "remote-control:\n  control-enable: no\nzone:\n  name: test\n  zonefile: zone\n"
        )
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self.folder)
            command = [NSD, "-d", "-c", self.folder / "nsd.conf"]
            self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            stack.callback(self._end)
            wait_until(lambda: self.ask("ns.test", A), "the name server answers")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _end(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)

    def ask(self, name, kind):
        """The flags of the answer by UDP with EDNS0 (RFC 6891), 1232 octets at most; None without an answer."""
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        question = struct.pack("!6H", 1, 0, 1, 0, 0, 1) + labels + b"\0" + struct.pack("!2H", kind, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(1)
            client.connect((HOST, self.port))
            try:
                client.send(question + b"\0" + struct.pack("!2HIH", 41, 1232, 0, 0))
                return struct.unpack("!2H", client.recv(4096)[:4])[1]
            except (ConnectionRefusedError, TimeoutError):
                return None

    def is_truncated(self, name, kind):
        return bool(self.ask(name, kind) & 0x0200)


class ScriptedHost:
    """An SMTP server that answers as it is told, and keeps what it has taken. It knows DATA alone, and no DSN."""

    def __init__(self, host, port):
        self.endpoint = (host, port)
        self.replies = {}  # to a verb, to "." for the end of a message, to "" for the connection itself
        self.taken = []  # (MAIL's line, [RCPT's lines], octets)
        self.running = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.is_up():
            self.stop()

    def is_up(self):
        return self.running is not None

    def start(self):
        listener = socket.create_server(self.endpoint)
        self.open = {listener}
        self.running = threading.Thread(target=self._accept, args=(listener,), daemon=True)
        self.running.start()

    def stop(self):
        """Nobody listens any more, and who is connected is cut off."""
        for opened in list(self.open):
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()
        self.running.join(PATIENCE_S)
        self.running = None

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.open.add(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError), client, client.makefile("rwb") as stream:
            self._converse(stream)
        self.open.discard(client)

    def _say(self, stream, verb, usual):
        """The reply to a verb; whether it is a positive one."""
        reply = self.replies.get(verb, usual)
        stream.write(reply.replace("\n", "\r\n").encode() + b"\r\n")
        stream.flush()
        return reply[0] in "23"

    def _converse(self, stream):
        self._say(stream, "", "220 scripted ESMTP")
        sender, recipients = "", []
        while line := stream.readline().decode().rstrip("\r\n"):
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                self._say(stream, verb, "250-scripted\n250-PIPELINING\n250-ENHANCEDSTATUSCODES\n250 8BITMIME")
            elif verb == "MAIL":
                sender, recipients = line, []
                self._say(stream, verb, "250 2.1.0 Fine")
            elif verb == "RCPT":
                if self._say(stream, verb, "250 2.1.5 Fine"):
                    recipients.append(line)
            elif verb == "DATA":
                if self._say(stream, verb, "354 Go on" if recipients else "503 5.5.1 No recipients"):
                    octets = self._read_message(stream)
                    if self._say(stream, ".", "250 2.0.0 Taken"):
                        self.taken.append((sender, recipients, octets))
            elif verb == "QUIT":
                self._say(stream, verb, "221 2.0.0 Bye")
                return
            else:
                self._say(stream, verb, "250 2.0.0 Fine" if verb in ("RSET", "NOOP") else "500 5.5.2 What?")

    @staticmethod
    def _read_message(stream):
        lines = []
        while (line := stream.readline()) != b".\r\n":
            if not line:
                raise ConnectionResetError
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def copies(self, sent):
        """What was taken of one message."""
        return [taken for taken in list(self.taken) if message_id(taken[2]) == message_id(sent)]


class Station(support.Installation):
    """An installation that finds others by the name server. All on an Internet share one port base, each at an address
    of its own, and so the port that they relay to is everybody's port for SMTP."""

    def __init__(self, domain, host, port_base, users, settings=None):
        others = {
            "dns.servers": [f"{HOST}:{port_base + DNS_PORT}"],
            "relay.smtp_port": port_base + support.STANDARD_PORTS["smtp"],
            "listen.lmtp_port": False,  # always at 127.0.0.1, where there is one alone
            "workers.count": 2,
        }
        settings = others | QUICK_RETRIES | (settings or {})
        super().__init__(users, settings, domain=domain, host=host, port_base=port_base)

    def send(self, client, sender, recipients, octets, *parameters):
        """One transaction with MAIL's parameters; a recipient may be (address, RCPT's parameters...). Returns the
        trace id."""
        client.ehlo_or_helo_if_needed()
        must_reply(client.mail(sender, list(parameters)), 250)
        for recipient in recipients:
            address, *options = [recipient] if isinstance(recipient, str) else recipient
            must_reply(client.rcpt(self.address(address), options), 250)
        return must_reply(client.data(octets), 250).split(" ")[-1]

    def submit_as(self, user, octets, recipients, *parameters):
        """By STARTTLS and a login; the trace id."""
        with self.submission(user) as client:
            return self.send(client, self.address(user), recipients, octets, *parameters)

    # The queue

    def entry(self, trace):
        """What the queue knows of a message, or None."""
        if not any(entry["trace"] == trace for entry in self.queue()):
            return None
        done = self.try_run("--json", "queue", "show", trace)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def wait_for_attempt(self, trace, reply):
        """Until every recipient of a queued message was told so, and waits; the entry."""

        def told():
            entry = self.entry(trace)
            recipients = entry["recipients"] if entry else []
            return entry if recipients and all(re.search(reply, r["last_reply"] or "") for r in recipients) else None

        return wait_until(told, f"an attempt of {trace} meets {reply!r}")

    def trace(self, trace):
        return json.loads(self.run("--json", "trace", trace))

    # Reports

    def reports(self, user, sent):
        """All delivery status notifications about a message in a user's mailbox."""
        found = [Report(octets) for octets in self.messages(user).values() if is_report(octets)]
        return [report for report in found if report.message_id == message_id(sent)]

    def wait_for_report(self, user, sent, *recipients, action="failed"):
        """{recipient: (report, its fields)}, once there is a report of that action about each of them."""

        def told():
            about = {}
            for report in self.reports(user, sent):
                for fields in report.recipients:
                    name = fields["Final-Recipient"].partition(";")[2].strip()
                    if fields["Action"] == action:
                        assert name not in about, f"{name} is reported {action} twice"
                        about[name] = report, fields
            return about if all(self.address(name) in about for name in recipients) else None

        return wait_until(told, f"{user} hears of {recipients}")


def must_reply(answer, code):
    """The text of an smtplib answer, whose code must be this."""
    assert answer[0] == code, answer
    return answer[1].decode()


def is_report(octets):
    return b"multipart/report" in octets.partition(b"\r\n\r\n")[0]


class Report:
    """A delivery status notification (RFC 3464), taken apart by Python's email package."""

    def __init__(self, octets):
        self.octets = octets
        self.header = email.message_from_bytes(octets, policy=email.policy.SMTP)
        assert self.header.get_content_type() == "multipart/report", self.header["Content-Type"]
        assert self.header.get_param("report-type") == "delivery-status", self.header["Content-Type"]
        parts = list(self.header.iter_parts())
        assert len(parts) == 3, [part.get_content_type() for part in parts]
        self.text = parts[0].get_content()
        assert parts[1].get_content_type() == "message/delivery-status", parts[1].get_content_type()
        self.message, *self.recipients = parts[1].get_payload()
        self.returned_type = parts[2].get_content_type()
        if self.returned_type == "message/rfc822":
            self.returned = parts[2].get_payload(0)
        else:
            self.returned = email.message_from_string(parts[2].get_content(), policy=email.policy.SMTP)
        self.message_id = self.returned["Message-ID"]


class Internet:
    """A name server, and whoever a test brings to life at the addresses."""

    def __init__(self, hosts, records):
        """`hosts` are names and their addresses, {"north": "127.0.0.2"}; each has an A record for mail.NAME. Further
        records of the zone test. are given as text."""
        self.hosts = hosts
        self.records = "".join(f"mail.{name} A {address}\n" for name, address in hosts.items()) + records

    def __enter__(self):
        self.port_base = support.free_port_base(*self.hosts.values(), also=[DNS_PORT])
        self.smtp_port = self.port_base + support.STANDARD_PORTS["smtp"]
        with contextlib.ExitStack() as stack:
            server = NameServer(self.port_base + DNS_PORT, self.records)
            self.name_server = stack.enter_context(server)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def station(self, name, users, settings=None):
        """An installation for NAME.test that runs."""
        station = Station(f"{name}.test", self.hosts[name], self.port_base, users, settings)
        self.stack.enter_context(station).start()
        return station

    def scripted_host(self, name):
        return self.stack.enter_context(ScriptedHost(self.hosts[name], self.smtp_port))


class InternetTest(support.LoggedTest):
    """Tests that share an Internet; `stations` are those whose logs a failure shows."""

    stations = ()

    class Logs:
        def __init__(self, stations):
            self.stations = stations

        def logs(self):
            return "".join(f"=== {station.domain}\n{station.logs()}" for station in self.stations)

    @property
    def mail(self):
        return self.Logs(self.stations)
