# ruff: noqa: INP001 - a script of the image, no package
"""Make the database folder on a first start: one owner, one database, passwords asked for over the network."""

import os
import subprocess
from pathlib import Path

BIN = Path("/usr/lib/postgresql/15/bin")
DATA = Path("/var/lib/postgresql/data")


def main() -> None:
    if (DATA / "PG_VERSION").exists():
        return
    password = Path("/tmp/password")  # noqa: S108 - an emptyDir of this pod
    password.write_text(os.environ["POSTGRES_PASSWORD"])
    password.chmod(0o600)
    account = ["--username", os.environ["POSTGRES_USER"], "--pwfile", str(password)]
    authentication = ["--auth-local=trust", "--auth-host=scram-sha-256"]
    subprocess.run(
        [BIN / "initdb", "-D", DATA, "--encoding=UTF8", "--locale=C.UTF-8", *account, *authentication], check=True
    )
    password.unlink()
    statement = f"CREATE DATABASE {os.environ['POSTGRES_DB']}"
    subprocess.run([BIN / "postgres", "--single", "-D", DATA, "postgres"], input=statement, text=True, check=True)


if __name__ == "__main__":
    main()
