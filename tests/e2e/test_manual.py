"""Do the man pages say every command, every option and every key, and can man read them?"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from support import BIN, execute

DAEMONS = ("smtpd", "deliveryd", "imapd", "pop3d")
PAGES = ("posthaste", "posthaste.toml", *DAEMONS)


def page(name):
    return execute(BIN / "posthaste", "man", name).stdout


def shown(name):
    """What a reader sees, on lines without end."""
    groff = ["groff", "-man", "-Tascii", "-P-cbou", "-rLL=2000n"]
    return subprocess.run(groff, input=page(name), capture_output=True, text=True, check=True).stdout


def help_of(*path):
    return execute(BIN / "posthaste", *path, "--help").stdout


def commands(*path):
    """Every command below `path` that is no group, with its own help."""
    text = help_of(*path)
    below = re.findall(r"^  ([a-z-]+) ", text.partition("Subcommands:")[2], re.MULTILINE)
    return [found for name in below for found in commands(*path, name)] if below else [(path, text)]


@unittest.skipUnless(shutil.which("groff"), "needs groff")
class Manual(unittest.TestCase):
    def test_every_command_and_option_is_there(self):
        text = shown("posthaste")
        all_commands = commands()
        self.assertGreater(len(all_commands), 25)
        for path, own_help in all_commands:
            with self.subTest(" ".join(path)):
                line = re.search(rf"^ *{' '.join(path)}( .*)?$", text, re.MULTILINE)
                self.assertTrue(line)
                options = re.findall(r"^  (--[a-z-]+)", own_help, re.MULTILINE)
                positionals = re.findall(r"^  ([A-Z]+) ", own_help.partition("Options:")[0], re.MULTILINE)
                for word in options + positionals:
                    self.assertIn(word, line[0])

    def test_every_key_is_there_with_its_section_and_default(self):
        text = shown("posthaste.toml")
        with tempfile.TemporaryDirectory() as folder:
            execute(BIN / "posthaste", "init", folder + "/new", "--domain", "example.org", "--port-base", "20000")
            lines = (Path(folder) / "new/posthaste.toml").read_text().splitlines()
        keys = [line for line in lines if re.match(r"[a-z_0-9]+ = ", line)]
        self.assertGreater(len(keys), 50)
        for line in keys:
            name = line.partition(" = ")[0]
            self.assertRegex(text, rf"(?m)^ *{name} = ")
        for section in re.findall(r"^\[([a-z0-9]+)\]", "\n".join(lines), re.MULTILINE):
            self.assertIn(f"[{section}]", text)
        self.assertIn("recipients_max = 1000", text)

    def test_man_reads_every_page_without_a_warning(self):
        for name in PAGES:
            with self.subTest(name):
                checked = subprocess.run(
                    ["groff", "-man", "-Tutf8", "-ww", "-z"], input=page(name), capture_output=True, text=True
                )
                self.assertEqual((checked.returncode, checked.stderr), (0, ""))
                for heading in ("NAME", "SEE ALSO"):
                    self.assertIn(heading, shown(name))

    def test_a_daemon_s_page_names_sections_that_exist(self):
        sections = set(re.findall(r"^ *\[([a-z0-9]+)\]$", shown("posthaste.toml"), re.MULTILINE))
        for name in DAEMONS:
            listed = re.search(r"besides paths, workers and log: (.*)\.$", shown(name), re.MULTILINE)[1]
            for key in listed.split(", "):
                self.assertIn(key.partition(".")[0], sections, name)

    def test_a_page_that_is_not_there(self):
        refused = execute(BIN / "posthaste", "man", "postfix")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("there is no page postfix; the pages are: posthaste, ", refused.stderr)


if __name__ == "__main__":
    unittest.main()
