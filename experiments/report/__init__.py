"""The report: one page that works offline."""

import os

# Altair asks for the home folder when it is imported, and fails where none is known; it keeps nothing there.
if os.path.expanduser("~") == "~":
    os.environ["HOME"] = "/nonexistent"
