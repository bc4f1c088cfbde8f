"""A run from the outside: what was recorded, and the learner that came of it."""
