"""The folder of a run: where it lies, what it is called, what is in it."""
