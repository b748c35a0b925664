"""Debian's Dovecot 2.3 as an instance of its own, beside whatever the system runs."""
import os
import pathlib
import shutil
import subprocess
import time

from servers import HOST, Server, wait_for_port, with_descendants

MAIL_USER = "nobody"
PACKAGES = "dovecot-core dovecot-imapd dovecot-pop3d dovecot-lmtpd"

# Its defaults but for names, ports and limits, and what its manual advises for speed: login processes and
# imap processes that serve more than one connection.
CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = {host}
protocols = imap pop3 lmtp
hostname = mail.example.org
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
mail_location = mdbox:~/mdbox
mail_max_userip_connections = 0
default_process_limit = 3000
default_client_limit = 19000
default_vsz_limit = 2G
imap_hibernate_timeout = {hibernate}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%n
}}
service imap-login {{
  service_count = 0
  process_min_avail = 2
  process_limit = 4
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service imap {{
  service_count = {served}
  process_min_avail = 2
  extra_groups = $default_internal_group
  unix_listener imap-master {{
    user = $default_internal_user
  }}
}}
service imap-hibernate {{
  unix_listener imap-hibernate {{
    mode = 0660
    group = $default_internal_group
  }}
}}
service pop3-login {{
  service_count = 0
  process_min_avail = 1
  process_limit = 2
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
"""


class Dovecot(Server):
    name = "Dovecot"

    def __init__(self, folder, port_base, certificate, key):
        self.program = shutil.which("dovecot", path="/usr/sbin:/usr/bin")
        if not self.program or not pathlib.Path("/usr/lib/dovecot/lmtp").exists():
            raise SystemExit(f"Dovecot is not installed: apt-get install {PACKAGES}, or give --posthaste-only")
        if os.geteuid() != 0:
            raise SystemExit("Dovecot needs root to change users; give --posthaste-only")
        self.folder = folder
        self.certificate = certificate
        self.key = key
        self.ports = {143: port_base, 993: port_base + 1, 110: port_base + 2, 24: port_base + 3}
        for name in ("run", "state", "mail"):
            (folder / name).mkdir(parents=True)
        shutil.chown(folder / "mail", MAIL_USER)
        self.configure(hibernating=False)

    def configure(self, hibernating):
        ports = {"imap": self.ports[143], "imaps": self.ports[993], "pop3": self.ports[110], "lmtp": self.ports[24]}
        (self.folder / "dovecot.conf").write_text(CONFIGURATION.format(
            folder=self.folder, host=HOST, certificate=self.certificate, key=self.key, user=MAIL_USER,
            group="nogroup", hibernate="1s" if hibernating else "0",
            # A process that has given its connection away would wait for another and keep its memory.
            served=1 if hibernating else 256, **ports))

    def import_users(self, names, password):
        (self.folder / "users").write_text("".join(f"{name}@example.org:{password}\n" for name in names))

    def start(self):
        subprocess.run([self.program, "-c", self.folder / "dovecot.conf"], check=True)
        for port in self.ports.values():
            wait_for_port(port)

    def stop(self):
        master = self.processes()[0]
        subprocess.run(["doveadm", "-c", self.folder / "dovecot.conf", "stop"], check=True)
        while pathlib.Path(f"/proc/{master}").exists():
            time.sleep(0.02)  # between two looks

    def port(self, standard):
        return self.ports[standard]

    def processes(self):
        return with_descendants(int((self.folder / "run" / "master.pid").read_text()))
