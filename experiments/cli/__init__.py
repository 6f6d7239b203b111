"""The commands: what is typed, what is shown, and how a process ends."""
