"""The remaining runs of a sweep, and their training."""
