"""``python -m experiments.merge``: see ``experiments.cli.merge``."""

from experiments.cli.process import run_as_program

if __name__ == "__main__":
    run_as_program("experiments.merge", "nothing was written")
