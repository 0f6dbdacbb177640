"""A real PostgreSQL for tests: the server of the PyPI package pgserver as a process on 127.0.0.1.

    with DatabaseServer.start(tmp_path) as server:
        urls = server.database("facade")

As root it runs as ``nobody``, since PostgreSQL refuses to run as root.
"""

import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.control_plane import free_ports
from tests.tied import tied

#: Where the package lies; importing it would start machinery of its own.
SITE = Path(sysconfig.get_path("platlib"))
START_SECONDS = 60.0
NOBODY = 65534
ADMIN = "postgres"
PASSWORD = "of-the-tests-only"
#: What a crash would lose does not matter here.
FAST = ("-cfsync=off", "-csynchronous_commit=off", "-cfull_page_writes=off", "-cmax_connections=60")


@dataclass(frozen=True)
class DatabaseUrls:
    """Addresses of one database: of a superuser, of its owner (not a superuser), of the application's role."""

    admin: str
    owner: str
    application: str


@dataclass(frozen=True)
class DatabaseServer:
    port: int
    folder: Path

    @classmethod
    @contextmanager
    def start(cls) -> Iterator["DatabaseServer"]:
        """Start an empty server in a folder of its own, which goes with it."""
        folder = Path(tempfile.mkdtemp(prefix="podwright-postgres-", dir="/tmp"))
        (port,) = free_ports(1)
        try:
            programs = _programs(folder)
            data = folder / "data"
            _run(
                [
                    str(programs / "initdb"),
                    "-D",
                    str(data),
                    "-U",
                    ADMIN,
                    "-A",
                    "trust",
                    "-E",
                    "UTF8",
                    "--no-locale",
                    "--no-sync",
                ]
            )
            with (folder / "log").open("wb") as log:
                command = [str(programs / "postgres"), "-D", str(data), f"-p{port}", "-clisten_addresses=127.0.0.1"]
                command += [f"-cunix_socket_directories={folder}", *FAST]
                process = subprocess.Popen(tied(command), stdout=log, stderr=subprocess.STDOUT, **_as_nobody())
            try:
                server = cls(port, folder)
                server._wait(process)
                yield server
            finally:
                process.send_signal(signal.SIGINT)  # fast shutdown: connections are ended
                process.wait(30)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def url(self, database: str, user: str = ADMIN, password: str = "") -> str:
        return f"postgresql://{user}{':' + password if password else ''}@127.0.0.1:{self.port}/{database}"

    def database(self, name: str) -> DatabaseUrls:
        """An empty database with an owner; roles belong to the server, so each database has an application role."""
        with psycopg.connect(self.url(ADMIN), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {name}_owner LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
            connection.execute(f"CREATE DATABASE {name} OWNER {name}_owner")
            # Where another database's owner made them first, this one may pass them on as well.
            for role in ("podwright_tenant", "podwright_identity", "podwright_backup"):
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
                if known:
                    connection.execute(f"GRANT {role} TO {name}_owner WITH ADMIN OPTION")
        return DatabaseUrls(
            self.url(name),
            self.url(name, f"{name}_owner", PASSWORD),
            self.url(name, f"{name}_application", PASSWORD),
        )

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url(ADMIN), connect_timeout=2).close()
            except psycopg.OperationalError:
                log = (self.folder / "log").read_text()
                assert process.poll() is None, log
                assert time.monotonic() < deadline, log
                time.sleep(0.05)
            else:
                return


def _programs(folder: Path) -> Path:
    """The folder of the server's programs, readable by whoever it runs as."""
    if os.geteuid() != 0:
        return SITE / "pgserver" / "pginstall" / "bin"
    # The virtual environment may lie where only root can look.
    for part in ("pgserver/pginstall", "pgserver.libs"):
        shutil.copytree(SITE / part, folder / "site" / part, symlinks=True)
    folder.chmod(0o755)
    os.chown(folder, NOBODY, NOBODY)
    return folder / "site" / "pgserver" / "pginstall" / "bin"


def _as_nobody() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=START_SECONDS, **_as_nobody())
    assert done.returncode == 0, done.stderr
