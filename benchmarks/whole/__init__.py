"""The whole job, from the command to the answer: this project beside what people use for it."""
