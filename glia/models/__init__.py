"""Architectures: a family a file that reads like its paper, built by name."""

from glia.models.building import MODELS, build, default_model

__all__ = ["MODELS", "build", "default_model"]
