"""What can be concluded from the tables, in sentences."""
