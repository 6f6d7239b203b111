"""Networks taken from a sweep, for predictions of new rows and for export."""
