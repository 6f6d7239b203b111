"""``python -m experiments.map``: see ``experiments.cli.map``."""

from experiments.cli.process import run_as_program

if __name__ == "__main__":
    run_as_program("experiments.map", "nothing was written")
