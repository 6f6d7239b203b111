"""What is left to be done, and the training of it."""
