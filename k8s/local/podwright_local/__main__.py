"""`python -m podwright_local`."""

from podwright_local.cli import app

if __name__ == "__main__":
    app(prog_name="podwright_local")
