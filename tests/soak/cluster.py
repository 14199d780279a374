# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A private PostgreSQL cluster for a test, which may crash it while others work.

``bin/test`` sets in the environment where the programs are and how they are run: not
as root. Role and password are those of the suite's cluster, only the port differs.
"""

import os
import shlex
import shutil
import subprocess
import tempfile

from odoo.tools import config

from ..live import free_port

#: Environment variables that bin/test exports: folders of the server's and the client's
#: programs, prefix of every server command, and a folder that the server's user can
#: reach.
SERVER, CLIENT, PREFIX, HOME = (
    f"HELPDESK_SMS_PG_{name}" for name in ("SERVER", "CLIENT", "PREFIX", "HOME")
)
#: Without fsync only a power cut loses pages, not a crash of the server. Commits are
#: written synchronously, as in production and unlike in the suite's cluster.
CONFIGURATION = """
fsync = off
synchronous_commit = on
shared_buffers = 64MB
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
"""


class PrivateCluster:
    """One server with its data in a folder of its own, which is removed with it."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="private-", dir=os.environ[HOME])
        self.port = free_port()
        self._give_away(self.home)
        self._data = os.path.join(self.home, "data")

    def _give_away(self, path):
        """Make the owner of the suite's folder, the server's user, own a file."""
        owner = os.stat(os.environ[HOME])
        if owner.st_uid != os.getuid():
            os.chown(path, owner.st_uid, owner.st_gid)

    def _run(self, program, *arguments):
        """Run one of the server's programs in the cluster's folder, and wait for it."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        subprocess.run(
            [
                *shlex.split(os.environ[PREFIX]),
                os.path.join(os.environ[SERVER], program),
                *arguments,
            ],
            check=True,
            cwd=self.home,
            env={**clean, "LC_ALL": "C.UTF-8"},
            stdout=subprocess.DEVNULL,
        )

    def make(self):
        """Make the cluster and start it; return self."""
        password = os.path.join(self.home, "password")
        with open(os.open(password, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(config["db_password"])
        self._give_away(password)
        self._run(
            *("initdb", "-D", self._data, "-U", config["db_user"], "--no-sync"),
            *("-A", "scram-sha-256", "--pwfile", password),
            *("-E", "UTF8", "--locale", "C.UTF-8"),
        )
        with open(os.path.join(self._data, "postgresql.conf"), "a") as file:
            file.write(f"port = {self.port}\n{CONFIGURATION}")
        self.start()
        return self

    def start(self):
        """Start the server, and wait until it accepts connections."""
        log = os.path.join(self.home, "log")
        self._run("pg_ctl", "start", "-w", "-s", "-D", self._data, "-l", log)

    def crash(self):
        """Stop the server at once, as a crash does, without a shutdown checkpoint."""
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "immediate", "-D", self._data)

    def remove(self):
        """Stop the server, and remove its folder."""
        self.crash()
        shutil.rmtree(self.home)

    def take(self, database):
        """Copy a database of the suite's cluster into this one, under the same name."""
        self._ask("postgres", "-c", f'CREATE DATABASE "{database}"')
        dump = subprocess.Popen(
            self._client("pg_dump", config["db_port"], database),
            stdout=subprocess.PIPE,
            env=self._environment,
        )
        self._ask(database, stdin=dump.stdout)
        assert dump.wait() == 0, f"{database} cannot be dumped"

    def _ask(self, database, *arguments, **options):
        """Run psql in this cluster."""
        command = self._client("psql", self.port, database)
        command += ["-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments]
        subprocess.run(
            command,
            check=True,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            **options,
        )

    @staticmethod
    def _client(program, port, database):
        """Return the command of one of the client's programs."""
        path = os.path.join(os.environ[CLIENT], program)
        address = ["-h", "127.0.0.1", "-p", str(port), "-U", config["db_user"]]
        return [path, *address, "-d", database]

    @property
    def _environment(self):
        """Environment with the password, which must not be on the command line."""
        return {**os.environ, "PGPASSWORD": config["db_password"]}
