"""The loop: batches in, events out."""
