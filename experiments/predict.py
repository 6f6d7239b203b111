"""``python -m experiments.predict``: see ``experiments.cli.predict``."""

from experiments.cli.process import run_as_program

if __name__ == "__main__":
    run_as_program("experiments.predict")
