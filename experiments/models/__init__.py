"""Networks of a sweep, taken out of it: to predict the next rows of a table, and to be used elsewhere."""
