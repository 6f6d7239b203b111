"""Walking around in a map: a local server, its page, and a static page."""
