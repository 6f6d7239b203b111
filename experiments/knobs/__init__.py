"""The settings of a sweep: names, values and defaults."""
