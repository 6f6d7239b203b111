"""The best configuration of a space, searched for a fixed time: this project beside Optuna and scikit-learn."""
