"""Many guess at names that nobody has: who knows a password logs in beside them, and no guess is told apart."""

import contextlib
import unittest

from support import Dialogue, Installation, LoggedTest, address, password

GUESSERS = 300  # five times as many as may wait for a hash
CLIENTS = 8


class Guessers(LoggedTest):
    def setUp(self):
        self.mail = self.enterContext(Installation(settings={"auth.allow_plaintext": True}))
        self.mail.start()
        self.open = self.enterContext(contextlib.ExitStack())

    def connect(self, source):
        client = self.open.enter_context(Dialogue(self.mail.port("imap"), source=(source, 0)))
        client.expect(r"\* OK")
        return client

    def test_right_logins_find_a_place_beside_them(self):
        guessers = [self.connect(f"127.1.{i % 250}.{1 + i // 250}") for i in range(GUESSERS)]
        clients = [self.connect(f"127.2.{i}.1") for i in range(CLIENTS)]
        for i, guesser in enumerate(guessers):
            guesser.send(f"g LOGIN nobody{i}@example.org guess\r\n".encode())
        for i, client in enumerate(clients):
            user = ("alice", "bob")[i % 2]
            client.send(f"c LOGIN {address(user)} {password(user)}\r\n".encode())
        for client in clients:
            client.tagged("c", "OK")
        for guesser in guessers:
            guesser.tagged("g", r"NO \[AUTHENTICATIONFAILED\]")


if __name__ == "__main__":
    unittest.main()
