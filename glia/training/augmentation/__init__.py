"""Batches changed at random while training: pictures moved, brightened, hidden in part; noise; samples mixed."""
