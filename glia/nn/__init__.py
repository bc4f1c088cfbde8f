"""Layers that torch.nn lacks, a family a file, and what all networks share: randomness, shapes, first weights."""
