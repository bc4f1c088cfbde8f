"""The log of a run: segments of fixed slots, what is in them, and columns to read finished ones fast."""
