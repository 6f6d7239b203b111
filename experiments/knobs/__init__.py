"""Every setting of a sweep: what it is called, what it may be, what it is by default."""
