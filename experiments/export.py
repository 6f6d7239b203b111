"""``python -m experiments.export``: see ``experiments.cli.export``."""

from experiments.cli.process import run_as_program

if __name__ == "__main__":
    run_as_program("experiments.export")
