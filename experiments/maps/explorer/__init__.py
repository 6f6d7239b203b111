"""Walking around in a map: a local server with its page, and a static page.

``explore`` serves a map until it is interrupted; ``subject.write_page`` writes a static page.
"""
