"""Thunderbird on a display of its own, with a fresh profile, driven by its remote protocol (Marionette)."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import PATIENCE_S, alive, wait_until

# What a person would have clicked away, or what would ask the world outside; and every name is this host.
PREFERENCES = {
    "marionette.port": 0,  # a free one, told in the profile
    "network.dns.forceResolve": "127.0.0.1",
    "app.donation.eoy.url": "",
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "devtools.console.stdout.chrome": True,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "extensions.update.enabled": False,
    "mail.biff.show_alert": False,
    "mail.inappnotifications.enabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mailnews.pop3.loglevel": "All",
    "mailnews.smtp.loglevel": "All",
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class ScriptError(AssertionError):
    """What a script threw inside Thunderbird."""


class Marionette:
    """The remote protocol: `length:[0, id, command, parameters]`, answered by `length:[1, id, error, result]`."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self.stream = self.socket.makefile("rb")
        self.numbers = itertools.count(1)
        self._packet()  # who it is

    def close(self):
        self.stream.close()
        self.socket.close()

    def _packet(self):
        length = b""
        while not length.endswith(b":"):
            octet = self.stream.read(1)
            if not octet:
                raise ConnectionError("Thunderbird has hung up")
            length += octet
        return json.loads(self.stream.read(int(length[:-1])))

    def call(self, command, **parameters):
        number = next(self.numbers)
        octets = json.dumps([0, number, command, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(octets), octets))
        kind, answered, error, result = self._packet()
        assert (kind, answered) == (1, number), (kind, answered)
        if error:
            raise ScriptError(f"{error['error']}: {error['message']}\n{error.get('stacktrace', '')}")
        return result


class Thunderbird:
    """Started for the length of a `with`. `run` executes JavaScript with all of Thunderbird's own rights."""

    def __init__(self):
        self.prelude = Path(__file__).with_suffix(".js").read_text()
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        for program in ("thunderbird", "Xvfb"):
            if not shutil.which(program):
                raise unittest.SkipTest(f"{program} is not installed")
        with self.stack:
            self.home = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="posthaste-", dir="/var/tmp")))
            self.display = self._display()
            self._start()
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _child(self, *command, **options):
        """A process in a group of its own; the whole group ends with us."""
        process = subprocess.Popen([str(word) for word in command], start_new_session=True, **options)
        self.stack.callback(_end_group, process)
        return process

    def _display(self):
        ours, theirs = os.pipe()
        self._child(
            *("Xvfb", "-displayfd", theirs, "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset"),
            pass_fds=[theirs],
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        with os.fdopen(ours) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start"
        return ":" + number

    def _start(self):
        profile = self.home / "profile"
        profile.mkdir()
        lines = [f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in PREFERENCES.items()]
        (profile / "user.js").write_text("".join(lines))
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("DBUS_", "XDG_"))}
        environment |= {"HOME": str(self.home), "DISPLAY": self.display, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        environment |= {"MOZ_CRASHREPORTER_DISABLE": "1", "NO_AT_BRIDGE": "1"}
        environment |= {"MOZ_LOG": "IMAP:3", "MOZ_LOG_FILE": str(self.home / "protocol")}
        self.output = open(self.home / "output", "wb")
        self.stack.callback(self.output.close)
        process = self._child(
            *("thunderbird", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", profile),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )
        told = profile / "MarionetteActivePort"

        def port():
            assert alive(process.pid), f"Thunderbird ended: {(self.home / 'output').read_text()[-2000:]}"
            return told.exists() and told.read_text()

        self.marionette = Marionette(int(wait_until(port, "Thunderbird listens", 60)))
        self.stack.callback(self.marionette.close)
        self.marionette.call("WebDriver:NewSession", unhandledPromptBehavior="ignore")
        self.marionette.call("Marionette:SetContext", value="chrome")
        self.marionette.call("WebDriver:SetTimeouts", script=PATIENCE_S * 1000)

    def run(self, script, *arguments):
        """The body of an async function with `arguments`; what it returns."""
        found = self.marionette.call(
            "WebDriver:ExecuteScript",
            script=f"{self.prelude}\nreturn (async function() {{ {script} }}).apply(null, arguments);",
            args=list(arguments),
            sandbox="system",
            newSandbox=False,
        )
        return found["value"]

    def accept(self, question):
        """Answers yes to a question with that text, which must be asked."""

        def asked():
            with contextlib.suppress(ScriptError):  # no such alert
                return self.marionette.call("WebDriver:GetAlertText")["value"]

        text = wait_until(asked, f"Thunderbird asks {question}")
        assert question in text, text
        self.marionette.call("WebDriver:AcceptAlert")

    def protocol(self, lines=60):
        """The ends of what Thunderbird says it said to servers."""
        text = ""
        for file in [*sorted(self.home.glob("protocol*")), self.home / "output"]:
            text += "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) + "\n"
        return text


def _end_group(process):
    """SIGTERM, and SIGKILL to whatever is left of the group."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE_S)
