"""Storage of computed runs that survives kills at any moment."""
