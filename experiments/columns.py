"""``python -m experiments.columns``: see ``experiments.cli.columns``."""

from experiments.cli.process import run_as_program

if __name__ == "__main__":
    run_as_program("experiments.columns")
