"""Clients that do as little as they can: what they measure is the server."""
import socket
import time

from servers import HOST

BUFFER_OCTETS = 4 << 20
TAIL_OCTETS = 2000  # more than any last line
UNSYNCHRONIZED_MAX = 4096  # octets of a literal that need not wait (RFC 7888 §5)
APPENDED_TOGETHER = 30


def connect(port):
    connection = socket.create_connection((HOST, port), 600)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Imap:
    def __init__(self, port, user, password):
        self.socket = connect(port)
        self.view = memoryview(bytearray(BUFFER_OCTETS))
        self.socket.recv_into(self.view)  # the greeting
        self.command(f'LOGIN "{user}@example.org" "{password}"')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def read_to(self, tag, keep=None):
        """Reads up to the line that begins with `tag`, which is the last; octets of all. `keep` takes them, too."""
        octets, tail = 0, b""
        while True:
            got = self.socket.recv_into(self.view)
            if got == 0:
                raise SystemExit(f"the server has hung up: {tail!r}")
            octets += got
            if keep is not None:
                keep.append(bytes(self.view[:got]))
            tail = (tail + bytes(self.view[max(0, got - TAIL_OCTETS):got]))[-TAIL_OCTETS:]
            if tail.endswith(b"\r\n"):
                line = tail[tail.rfind(b"\r\n", 0, -2) + 2:] if tail.count(b"\r\n") > 1 else tail
                if line.startswith(tag):
                    return octets, line
                if line.startswith(b"a "):
                    raise SystemExit(f"instead of {tag!r}: {line!r}")

    def command(self, text, keep=None):
        """Seconds that it took, and octets that came."""
        start = time.perf_counter()
        self.send(f"a {text}\r\n".encode())
        octets, last = self.read_to(b"a ", keep)
        seconds = time.perf_counter() - start
        if not last.startswith(b"a OK"):
            raise SystemExit(f"{text[:60]}: {last.decode(errors='replace')}")
        return seconds, octets

    def answer(self, text):
        kept = []
        self.command(text, kept)
        return b"".join(kept)

    def append_all(self, mailbox, messages):
        """By APPENDs of many messages (RFC 3502)."""
        for first in range(0, len(messages), APPENDED_TOGETHER):
            self.send(f"a APPEND {mailbox}".encode())
            for message in messages[first:first + APPENDED_TOGETHER]:
                if len(message) <= UNSYNCHRONIZED_MAX:
                    self.send(b" {%d+}\r\n" % len(message) + message)
                else:
                    self.send(b" {%d}\r\n" % len(message))
                    self.read_to(b"+")
                    self.send(message)
            self.send(b"\r\n")
            _, last = self.read_to(b"a ")
            if not last.startswith(b"a OK"):
                raise SystemExit(f"APPEND: {last.decode(errors='replace')}")


class Lmtp:
    """One session, one recipient a message."""

    def __init__(self, port):
        self.socket = connect(port)
        self.expect(b"220")
        self.socket.sendall(b"LHLO bench.example.org\r\n")
        self.expect(b"250")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def expect(self, code, replies=1):
        """Reads `replies` replies, the last of which has to begin with `code`."""
        text = b""
        while True:
            got = self.socket.recv(65536)
            if not got:
                raise SystemExit(f"the LMTP server has hung up: {text!r}")
            text += got
            lines = text.split(b"\r\n")
            finals = [line for line in lines[:-1] if line[3:4] == b" "]
            if text.endswith(b"\r\n") and len(finals) >= replies:
                if not finals[-1].startswith(code):
                    raise SystemExit(f"LMTP: {text.decode(errors='replace')}")
                return

    def begin(self, user):
        self.socket.sendall(f"MAIL FROM:<load@example.net>\r\nRCPT TO:<{user}@example.org>\r\nDATA\r\n".encode())
        self.expect(b"354", replies=3)

    def send(self, message):
        """The message, dots and all, up to the moment before its reply. It has no line that begins with a dot."""
        self.socket.sendall(message + b".\r\n")

    def deliver(self, user, message):
        self.begin(user)
        self.send(message)
        self.expect(b"250")
