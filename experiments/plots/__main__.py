"""``python -m experiments.plots``: see ``experiments.cli.plots``."""

from experiments.cli.process import run_as_program

if __name__ == "__main__":
    run_as_program("experiments.plots")
