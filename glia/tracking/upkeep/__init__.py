"""Keeping what is recorded whole and small: checks, repair, deletion."""
