"""What cmake --install puts where, and that it works from there."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import support
from support import BIN, DAEMONS, execute


class InstallTest(support.LoggedTest):
    def setUp(self):
        self.prefix = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="posthaste-e2e-", dir="/var/tmp")))
        self.prefix.chmod(0o755)  # the daemons' user walks through it
        subprocess.run(["cmake", "--install", BIN.parent, "--prefix", self.prefix], check=True, capture_output=True)

    def test_programs_service_and_documents_are_where_debian_has_them(self):
        for file in (
            "sbin/posthaste",
            *(f"libexec/posthaste/{program}" for program in ("posthaste", *DAEMONS)),
            "lib/systemd/system/posthaste@.service",
            "share/doc/posthaste/README.md",
            "share/doc/posthaste/docs/operating.md",
            "share/doc/posthaste/examples/posthaste.toml",
        ):
            self.assertTrue((self.prefix / file).is_file(), file)

    def test_the_installed_command_starts_the_installed_daemons(self):
        self.mail = self.enterContext(support.Installation())
        done = execute(self.prefix / "sbin/posthaste", "-C", self.mail.folder, "start")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for daemon in DAEMONS:
            pid = int((self.mail.folder / f"run/{daemon}.pid").read_text())
            self.assertEqual(os.readlink(f"/proc/{pid}/exe"), str(self.prefix / "libexec/posthaste" / daemon))


if __name__ == "__main__":
    unittest.main()
