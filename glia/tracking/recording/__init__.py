"""A run while it goes on: the recorder, programs recorded from outside, stopping, alerts."""
