"""The commands: options, output and exit status."""
