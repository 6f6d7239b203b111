"""``python -m experiments.grid``: see ``experiments.cli.grid``."""

from experiments.cli.process import run_as_program

if __name__ == "__main__":
    run_as_program("experiments.grid", "nothing was written")
