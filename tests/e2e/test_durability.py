"""What was answered with 250 is there after a crash, whole and once: the daemons are killed under load."""

import collections
import os
import random
import re
import signal
import smtplib
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import DAEMONS, address, digest, wait_until

SEED = int(os.environ.get("POSTHASTE_SEED") or random.SystemRandom().randrange(1 << 32))
ROUNDS = int(os.environ.get("POSTHASTE_ROUNDS") or (50 if os.environ.get("POSTHASTE_LONG") else 5))
CLIENTS = 8
USERS = ("alice", "bob", "carol", "dave")


class Load:
    """Clients that deliver over SMTP, each on a connection of its own, and write down every 250."""

    def __init__(self, mail, name, seed):
        self.mail = mail
        self.name = name
        self.lock = threading.Lock()
        self.accepted = []  # (message's name, user, digest)
        self.tried = {}  # message's name: digest
        self.refused = collections.Counter()
        self.when_accepted = lambda count: None  # called at once after each 250, by the client that read it
        self.over = threading.Event()
        self.clients = [
            threading.Thread(target=self._deliver, args=(f"{name}-{i}", random.Random(f"{seed} {name} {i}")))
            for i in range(CLIENTS)
        ]

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for client in self.clients:
            client.join(2 * support.PATIENCE_S)

    def _deliver(self, client, chance):
        number = 0
        while not self.over.is_set():
            try:
                with self.mail.smtp() as connection:
                    while not self.over.is_set():
                        number += 1
                        self._deliver_one(connection, f"{client}-{number}", chance)
            except (OSError, smtplib.SMTPException):
                self.over.wait(0.02)  # nobody listens just now

    def _deliver_one(self, connection, name, chance):
        octets = body(name, chance.choice((100, 2_000, 10_000, 60_000)), chance)
        users = chance.sample(USERS, chance.choice((1, 1, 2)))
        with self.lock:
            self.tried[name] = digest(octets)
        try:
            refused = connection.sendmail("someone@example.com", [address(user) for user in users], octets)
        except smtplib.SMTPResponseException as refusal:
            with self.lock:
                self.refused[refusal.smtp_code] += 1
            return
        with self.lock:
            self.accepted.extend((name, user, digest(octets)) for user in users if address(user) not in refused)
            self.when_accepted(len(self.accepted))


def body(name, octets, chance):
    lines = b"".join(chance.randbytes(36).hex().encode() + b"\r\n" for _ in range(octets // 74))
    return f"Subject: {name}\r\nX-Load: {name}\r\n\r\n".encode() + lines


class Durability(support.LoggedTest):
    def setUp(self):
        print(f"POSTHASTE_SEED={SEED} POSTHASTE_ROUNDS={ROUNDS}", file=sys.stderr)
        self.mail = self.enterContext(support.Installation(USERS, {"workers.count": 2}))
        self.mail.start()

    def stored(self, user):
        """{message's name: [digests]} of a user's INBOX, and its UIDs in order."""
        found = collections.defaultdict(list)
        messages = self.mail.messages(user)
        for octets in messages.values():
            header = re.search(rb"^X-Load: (\S+)\r\n", octets, re.MULTILINE)
            start = octets.index(b"Subject: " + header[1])
            found[header[1].decode()].append(digest(octets[start:]))
        return found, list(messages)

    def assert_all_is_there(self, accepted, tried):
        self.mail.wait_for_empty_queue()  # where mail goes that deliveryd could not take
        for user in USERS:
            found, uids = self.stored(user)
            self.assertEqual(uids, sorted(set(uids)))
            for name, recipient, sum_of_octets in accepted:
                if recipient == user:
                    self.assertEqual(found.get(name), [sum_of_octets], f"{name} for {user} was answered with 250")
            for name, sums in found.items():  # what got no answer may be there, but not twice, and not by halves
                self.assertEqual(sums, [tried[name]], f"{name} for {user}")

    def test_nothing_accepted_is_lost_when_everything_is_killed(self):
        chance = random.Random(SEED)
        accepted, tried = [], {}
        for turn in range(ROUNDS):
            victim = chance.randrange(30, 300)
            with Load(self.mail, f"round{turn}", SEED) as load:
                killed = threading.Event()

                def kill(count, victim=victim, killed=killed):
                    if count >= victim and not killed.is_set():
                        self.mail.kill_everything()
                        killed.set()

                load.when_accepted = kill
                in_time = killed.wait(3 * support.PATIENCE_S)
                self.assertTrue(in_time, f"round {turn}: {len(load.accepted)} of {victim} messages came")
            accepted += load.accepted
            tried |= load.tried
            self.assertEqual(self.mail.start().count(" started"), len(DAEMONS))
            self.assert_all_is_there(accepted, tried)
        print(f"{len(accepted)} deliveries answered with 250 over {ROUNDS} kills", file=sys.stderr)

    def test_deliveryd_is_killed_under_load_and_all_goes_on(self):
        before = self.mail.children()
        with Load(self.mail, "load", SEED) as load:
            for turn in range(2):
                wait_until(lambda: len(load.accepted) >= 100 * (turn + 1), f"mail flows before kill {turn + 1}")
                victim = self.mail.child("deliveryd")
                with load.lock:
                    os.kill(victim, signal.SIGKILL)
                    count = len(load.accepted)
                wait_until(lambda: len(load.accepted) > count + 50, f"mail flows again after kill {turn + 1}")
                self.assertNotEqual(self.mail.child("deliveryd"), victim)
        after = self.mail.children()
        for daemon in DAEMONS:
            self.assertEqual(after[daemon] == before[daemon], daemon != "deliveryd", daemon)
        self.assertEqual(load.refused, {}, "smtpd takes mail without deliveryd")
        self.assert_all_is_there(load.accepted, load.tried)
        print(f"{len(load.accepted)} answered with 250", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
