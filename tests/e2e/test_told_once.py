"""A sender is told once of a failure, although the operator asks for attempts all the while."""

import collections
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from internet import Internet, InternetTest, Report, is_report
from support import message, message_id, wait_until

HOSTS = {"north": "127.0.0.2", "gone": "127.0.0.3", "busy": "127.0.0.4"}
RECORDS = "".join(f"{name} MX 10 mail.{name}\n" for name in HOSTS)
USERS = ("alice", "anna", "bert", "carol")
MESSAGES = 60  # of each user


class ToldOnce(InternetTest):
    def setUp(self):
        internet = self.enterContext(Internet(HOSTS, RECORDS))
        self.north = internet.station("north", USERS)
        internet.scripted_host("gone").replies["RCPT"] = "550 5.1.1 Nobody here"
        self.busy = internet.scripted_host("busy")
        self.busy.replies["RCPT"] = "451 4.7.1 Later"
        self.stations = (self.north,)
        self.over = threading.Event()

    def ask_for_attempts(self):
        while not self.over.is_set():
            self.north.try_run("queue", "retry", "all")

    def submit(self, user, sent):
        """Recipients at two hosts, which answer at the same moment: one of them for good."""
        with self.north.submission(user) as client:
            for i in range(MESSAGES):
                sent.append(message(f"{user} {i}", body=b"x" * 900 + b"\r\n"))
                self.north.send(client, self.north.address(user), ("jones@gone.test", "jones@busy.test"), sent[-1])

    def told(self):
        """How often a report came about each message."""
        count = collections.Counter()
        for user in USERS:
            reports = [Report(octets) for octets in self.north.messages(user).values() if is_report(octets)]
            count.update(report.message_id for report in reports)
        return count

    def test_nobody_is_told_twice(self):
        sent = {user: [] for user in USERS}
        operator = threading.Thread(target=self.ask_for_attempts)
        users = [threading.Thread(target=self.submit, args=each) for each in sent.items()]
        for thread in (operator, *users):
            thread.start()
        for thread in users:
            thread.join()
        self.over.set()
        operator.join()
        self.busy.replies.clear()

        def empty():
            self.north.try_run("queue", "retry", "all")
            return not self.north.queue()

        wait_until(empty, "the queue is empty")
        ids = [message_id(octets) for octets in sum(sent.values(), [])]
        self.assertEqual(len(ids), len(USERS) * MESSAGES)
        self.assertEqual(self.told(), collections.Counter(ids))


if __name__ == "__main__":
    unittest.main()
