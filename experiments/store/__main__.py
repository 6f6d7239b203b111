"""``python -m experiments.store``: see ``experiments.cli.store``."""

from experiments.cli.process import run_as_program

if __name__ == "__main__":
    run_as_program("experiments.store")
