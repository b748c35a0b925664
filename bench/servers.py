"""The servers that the benchmarks start, watch and stop: what they have in common, and Posthaste's installation."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

HOST = "127.0.0.1"
FLUSHES = {"fsync", "fdatasync", "msync", "sync_file_range"}


def children(pid):
    """Of a process; none when it has gone."""
    try:
        return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def with_descendants(pid):
    pids = [pid]
    for known in pids:
        pids += children(known)
    return pids


def thread_ns(pid, thread):
    """CPU of a thread; nothing when it has ended since it was listed."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def cpu_seconds(pid):
    """User and system time of a process and of its ended children; nothing when it has gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        threads = os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return 0
    ended_children = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    return ended_children + sum(thread_ns(pid, thread) for thread in threads) / 1e9


def wait_for_port(port):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), 1).close()
            return
        except OSError:
            time.sleep(0.02)  # between two looks
    raise SystemExit(f"nothing listens on port {port}")


def count_calls(pids, work):
    """System calls and flushes of the processes while `work()` runs, by strace, which slows what it watches."""
    with tempfile.TemporaryDirectory() as folder:
        tracers = []
        for pid in pids:
            tracer = subprocess.Popen(["strace", "-f", "-c", "-o", f"{folder}/{pid}", "-p", str(pid)],
                                      stderr=subprocess.PIPE, text=True)
            tracer.stderr.readline()  # "Process N attached"
            tracers.append(tracer)
        work()
        for tracer in tracers:
            tracer.send_signal(signal.SIGINT)
            tracer.wait()
        calls = flushes = 0
        for file in pathlib.Path(folder).iterdir():
            for line in file.read_text().splitlines():
                fields = line.split()
                if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
                    calls += int(fields[3])
                    flushes += int(fields[3]) if fields[-1] in FLUSHES else 0
    return calls, flushes


class Server:
    """Something with processes. `processes()` is told by those who know it."""

    def cpu(self):
        return sum(cpu_seconds(pid) for pid in self.processes())

    def memory_kb(self):
        """What its processes take, shared pages by their part (PSS)."""
        total = 0
        for pid in self.processes():
            try:
                total += int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has ended since
        return total


class Posthaste(Server):
    name = "Posthaste"
    daemons = ("deliveryd", "smtpd", "imapd", "pop3d")

    def __init__(self, binaries, folder, port_base):
        self.binaries = pathlib.Path(binaries)
        self.folder = folder
        self.port_base = port_base
        self.run("init", str(folder), "--domain", "example.org", "--listen", HOST, "--port-base", str(port_base),
                 installed=False)
        self.configure("lmtp_port", "true")

    def run(self, *arguments, stdin=None, installed=True):
        where = ["-C", str(self.folder)] if installed else []
        subprocess.run([self.binaries / "posthaste", *where, *arguments], check=True, input=stdin, text=True,
                       stdout=subprocess.DEVNULL)

    def import_users(self, names, password):
        hashed = subprocess.run(["openssl", "passwd", "-6", password], check=True, capture_output=True, text=True)
        self.run("user", "import", stdin="".join(f"{name}@example.org:{hashed.stdout.strip()}\n" for name in names))

    def configure(self, key, value):
        """Sets a key, which has its default so far, in each section of posthaste.toml that has it."""
        file = self.folder / "posthaste.toml"
        text, changed = re.subn(rf"^{key} = .*$", f"{key} = {value}", file.read_text(), flags=re.M)
        if not changed:
            raise SystemExit(f"posthaste.toml has no {key}")
        file.write_text(text)

    def start(self):
        self.run("start")

    def stop(self):
        self.run("stop")

    def port(self, standard):
        return self.port_base + standard

    def serving(self, daemon):
        """The process that does a daemon's work: the child of the one in the pid file."""
        return children(int((self.folder / "run" / f"{daemon}.pid").read_text()))[0]

    def processes(self):
        return [self.serving(daemon) for daemon in self.daemons]
