"""`python -m mimika`: the same as the command `mimika`."""

from mimika.cli.app import app

if __name__ == "__main__":
    app()
