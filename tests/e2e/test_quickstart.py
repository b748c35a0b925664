"""etc/quickstart, twice in the same folder: what a newcomer does first must work, and work again."""

import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import BIN, TOP, execute


class Quickstart(unittest.TestCase):
    def setUp(self):
        if BIN.resolve() != (TOP / "build/release/bin").resolve():
            self.skipTest("etc/quickstart builds and runs build/release, not POSTHASTE_BIN")
        self.top = Path(tempfile.mkdtemp(prefix="posthaste-quickstart-", dir="/var/tmp"))
        self.addCleanup(shutil.rmtree, self.top, ignore_errors=True)
        self.top.chmod(0o755)
        self.folder = self.top / "mail"
        self.base = support.free_port_base()
        self.addCleanup(self.stop)

    def stop(self):
        if (self.folder / "posthaste.toml").exists():
            execute(BIN / "posthaste", "-C", self.folder, "stop", timeout=60)

    def quickstart(self, *options):
        where = ("--dir", self.folder, "--domain", support.DOMAIN, "--port-base", self.base)
        done = execute(TOP / "etc/quickstart", *where, *options, timeout=600)
        self.assertEqual(done.returncode, 0, (done.stdout + done.stderr)[-4000:])
        return done.stdout

    def status(self):
        return execute(BIN / "posthaste", "-C", self.folder, "status").returncode

    def test_quickstart_works_twice(self):
        told = self.quickstart()
        self.assertEqual(self.status(), 1, "without --keep nothing goes on running")
        for port in (465, 587, 993, 143, 995, 110):
            self.assertIn(str(self.base + port), told)

        told = self.quickstart("--keep")
        self.assertEqual(self.status(), 0, "with --keep the daemons go on running")
        (secret,) = re.findall(r"Password +(\S+)", told)
        (user,) = re.findall(r"User +(\S+)", told)
        imaps = f"{support.HOSTNAME}:{self.base + 993}"
        done = execute(
            *("curl", "--silent", "--show-error", "--cacert", self.folder / "tls/cert.pem"),
            *("--resolve", f"{imaps}:{support.HOST}", "--user", f"{user}:{secret}", f"imaps://{imaps}/"),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("INBOX", done.stdout)

    def test_quickstart_refuses_what_it_does_not_know(self):
        done = execute(TOP / "etc/quickstart", "--colour")
        self.assertEqual(done.returncode, 2)
        self.assertIn("usage", done.stderr)
        self.assertFalse(self.folder.exists())


if __name__ == "__main__":
    unittest.main()
