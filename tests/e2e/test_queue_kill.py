"""What was answered with 250 is delivered, bounced or queued: smtpd and both deliveryds are killed under load."""

import collections
import os
import random
import re
import signal
import smtplib
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from internet import Internet, InternetTest, Report, is_report
from support import DAEMONS, alive, digest, wait_until

SEED = int(os.environ.get("POSTHASTE_SEED") or random.SystemRandom().randrange(1 << 32))
SECONDS = int(os.environ.get("POSTHASTE_KILL_S") or (300 if os.environ.get("POSTHASTE_LONG") else 60))
CLIENTS = 6
DRAIN_S = 60
UNDER_WAY_MAX = 40  # messages to one host at once: 20 connections of each of two workers

HOSTS = {"north": "127.0.0.2", "south": "127.0.0.3", "flaky": "127.0.0.8"}
RECORDS = "north MX 10 mail.north\nsouth MX 10 mail.south\nflaky MX 10 mail.flaky\n"

SENDERS = ("alice", "anna")
HERE = ("alice@north.test", "bert@north.test")
THERE = ("bob@south.test", "carol@south.test")
NOWHERE = ("nobody@south.test",)
FLAKY = ("x@flaky.test",)


def body(name, octets, chance):
    lines = b"".join(chance.randbytes(36).hex().encode() + b"\r\n" for _ in range(octets // 74))
    return f"Subject: {name}\r\nX-Load: {name}\r\n\r\n".encode() + lines


class Load:
    """Users who submit at north, each on a connection of their own, and write down every 250."""

    def __init__(self, north):
        self.north = north
        self.lock = threading.Lock()
        self.accepted = {}  # message's name: its recipients
        self.tried = {}  # message's name: digest
        self.refused = collections.Counter()
        self.over = threading.Event()
        self.clients = [threading.Thread(target=self._work, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for client in self.clients:
            client.join(2 * support.PATIENCE_S)

    def _work(self, client):
        chance = random.Random(f"{SEED} {client}")
        user = SENDERS[client % len(SENDERS)]
        number = 0
        while not self.over.is_set():
            try:
                with self.north.submission(user) as connection:
                    while not self.over.is_set():
                        number += 1
                        self._submit(connection, user, f"{client}-{number}", chance)
            except (OSError, smtplib.SMTPException):
                self.over.wait(0.05)  # nobody listens just now

    def _submit(self, connection, user, name, chance):
        octets = body(name, chance.choice((100, 2_000, 10_000, 80_000)), chance)
        recipients = [
            address
            for addresses, likely in ((HERE, 0.4), (THERE, 0.4), (NOWHERE, 0.05), (FLAKY, 0.2))
            for address in addresses
            if chance.random() < likely
        ]
        with self.lock:
            self.tried[name] = digest(octets)
        connection.mail(self.north.address(user))
        taken = [address for address in recipients if connection.rcpt(address)[0] == 250]
        code = connection.data(octets)[0] if taken else connection.rset()[0]
        with self.lock:
            if code == 250 and taken:
                self.accepted[name] = taken
            elif code != 250:
                self.refused[code] += 1


class Killer:
    """Ends processes as a crash would, and sees to it that all is up again some time later."""

    def __init__(self, stations, flaky):
        self.chance = random.Random(SEED)
        self.stations = stations
        self.flaky = flaky
        self.kills = collections.Counter()

    def work_for(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(self.chance.uniform(0.2, 1.5))  # for mail to flow
            station = self.chance.choice(self.stations)
            daemon = self.chance.choice(("smtpd", "smtpd", "deliveryd"))
            how = self.chance.choice((self._kill_child, self._kill_child, self._kill_all_of_it, self._toggle_flaky))
            how(station, daemon)
        self.make_all_well()

    def broken_connections(self):
        """How often connections between smtpds, or to the flaky host, were broken off."""
        return sum(count for what, count in self.kills.items() if "deliveryd" not in what)

    def make_all_well(self):
        for station in self.stations:
            self._start(station)
        if not self.flaky.is_up():
            self.flaky.start()

    def _kill_child(self, station, daemon):
        """Its parent makes another."""
        os.kill(station.child(daemon), signal.SIGKILL)
        self.kills[f"{station.domain} {daemon}, child alone"] += 1

    def _kill_all_of_it(self, station, daemon):
        victims = [station.parent(daemon), station.child(daemon)]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        self.kills[f"{station.domain} {daemon}"] += 1
        wait_until(lambda: not any(map(alive, victims)), f"the killed {daemon} is gone")
        time.sleep(self.chance.uniform(0, 1))  # for the others to miss it
        self._start(station)

    def _toggle_flaky(self, *_):
        if self.flaky.is_up():
            self.flaky.stop()
        else:
            self.flaky.start()
            self.stations[0].try_run("queue", "retry", "all")
        self.kills["flaky.test goes or comes"] += 1

    @staticmethod
    def _start(station):
        wait_until(lambda: station.try_run("start").returncode == 0, f"{station.domain} starts")
        for daemon in DAEMONS:
            station.child(daemon)


class QueueKill(InternetTest):
    def setUp(self):
        print(f"POSTHASTE_SEED={SEED} POSTHASTE_KILL_S={SECONDS}", file=sys.stderr)
        self.internet = self.enterContext(Internet(HOSTS, RECORDS))
        self.north = self.internet.station("north", ("alice", "anna", "bert"))
        self.south = self.internet.station("south", ("bob", "carol"))
        self.flaky = self.internet.scripted_host("flaky")
        self.stations = self.north, self.south

    def drain(self):
        """Until neither queue holds anything."""

        def empty():
            for station in self.stations:
                station.try_run("queue", "retry", "all")  # whoever was down is up
            time.sleep(0.5)  # a round of attempts
            return not any(station.queue() for station in self.stations)

        wait_until(empty, "the queues are empty", DRAIN_S)

    def copies_in(self, station, user):
        """{message's name: [octets]}, reports left out."""
        found = collections.defaultdict(list)
        for octets in station.messages(user).values():
            if not is_report(octets):
                found[name_of(octets)].append(octets)
        return found

    def assert_whole(self, octets, name, tried):
        self.assertEqual(digest(octets[octets.index(b"Subject: " + name.encode()) :]), tried[name], name)

    def check_here(self, load, address):
        """Exactly once: the queue and deliveryd share a delivery id."""
        found = self.copies_in(self.north, address.partition("@")[0])
        expected = {name for name, recipients in load.accepted.items() if address in recipients}
        self.assertEqual(expected - set(found), set(), f"{address} lacks what was answered with 250")
        for name, copies in found.items():  # what got no answer may be there, but not twice, and not by halves
            self.assertEqual(len(copies), 1, f"{name} for {address}")
            self.assert_whole(copies[0], name, load.tried)
        return len(expected), 0

    def check_there(self, load, address):
        """At least once. When a connection breaks between the 250 of the receiving smtpd and our noting it down, we
        send again, as we must (RFC 5321 §4.5.3.2.6, RFC 1047): then the other side has taken it twice, each time
        under an id of its own. What it has taken once, it stores once."""
        found = self.copies_in(self.south, address.partition("@")[0])
        expected = {name for name, recipients in load.accepted.items() if address in recipients}
        self.assertEqual(expected - set(found), set(), f"{address} lacks what was answered with 250")
        for name, copies in found.items():
            ids = [re.search(rb"by mail\.south\.test with \S+ id (\w+)", octets)[1] for octets in copies]
            self.assertEqual(len(ids), len(set(ids)), f"{name} for {address} was taken once and stored twice: {ids}")
            for octets in copies:
                self.assert_whole(octets, name, load.tried)
        return len(expected), sum(len(copies) - 1 for copies in found.values())

    def check_flaky(self, load, address):
        """Likewise at least once."""
        found = collections.defaultdict(list)
        for _, _, octets in self.flaky.taken:
            found[name_of(octets)].append(octets)
        expected = {name for name, recipients in load.accepted.items() if address in recipients}
        self.assertEqual(expected - set(found), set(), f"{address} lacks what was answered with 250")
        for name, copies in found.items():
            for octets in copies:
                self.assert_whole(octets, name, load.tried)
        return len(expected), sum(len(copies) - 1 for copies in found.values())

    def check_bounces(self, load, address):
        """One for each message to an address that does not exist, and none for anything else."""
        told = collections.Counter()
        for user in SENDERS:
            for octets in self.north.messages(user).values():
                if is_report(octets):
                    report = Report(octets)
                    for fields in report.recipients:
                        self.assertEqual((fields["Action"], fields["Status"]), ("failed", "5.1.1"), octets)
                        self.assertEqual(fields["Final-Recipient"], "rfc822;" + address)
                    told[report.returned["X-Load"]] += 1
        expected = {name for name, recipients in load.accepted.items() if address in recipients}
        self.assertEqual(expected - set(told), set(), f"nobody was told that {address} does not exist")
        self.assertEqual([name for name, count in told.items() if count != 1], [])
        return len(expected), 0

    def test_every_message_is_delivered_bounced_or_queued(self):
        killer = Killer(self.stations, self.flaky)
        with Load(self.north) as load:
            killer.work_for(SECONDS)
        queued = sum(len(station.queue()) for station in self.stations)
        self.drain()
        print(f"{len(load.accepted)} messages answered with 250, {dict(load.refused)} refused", file=sys.stderr)
        print(f"kills: {dict(killer.kills)}; {queued} queued at the end of them", file=sys.stderr)
        for check, addresses in (
            (self.check_here, HERE),
            (self.check_there, THERE),
            (self.check_flaky, FLAKY),
            (self.check_bounces, NOWHERE),
        ):
            for address in addresses:
                count, repeated = check(load, address)
                print(f"{address}: {count}, and {repeated} sent again by the rules of SMTP", file=sys.stderr)
                self.assertGreater(count, 0)
                self.assertLessEqual(repeated, UNDER_WAY_MAX * killer.broken_connections())


def name_of(octets):
    return re.search(rb"^X-Load: (\S+)\r\n", octets, re.MULTILINE)[1].decode()


if __name__ == "__main__":
    unittest.main()
