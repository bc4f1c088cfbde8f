"""Data: readers, the catalogue, splits, and the preprocessing that travels with a model."""
