"""Conclusions from the tables, in sentences."""
