"""``python -m experiments.report``: see ``experiments.cli.report``."""

from experiments.cli.process import run_as_program

if __name__ == "__main__":
    run_as_program("experiments.report")
