"""Searching among recipes: what is varied, by which method, and what was found."""
