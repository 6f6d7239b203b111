"""``python -m experiments.verify``: see ``experiments.cli.verify``."""

from experiments.cli.process import run_as_program

if __name__ == "__main__":
    run_as_program("experiments.verify")
