"""Kinds of options that families share, with the values they may take."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from glia.nn.activations import ACTIVATIONS
from glia.nn.initialisation import INITIALISATIONS

Width = Annotated[int, Field(gt=0)]
Widths = Annotated[tuple[Width, ...], BeforeValidator(lambda given: (given,) if isinstance(given, int) else given)]
"""A width per layer; one number is one layer, as in `--set model.hidden=64`."""

Share = Annotated[float, Field(ge=0, lt=1)]
Activation = Annotated[str | dict[str, Any], Field(examples=[name for name in ACTIVATIONS if name != "identity"])]
Initialisation = Annotated[str | dict[str, Any], Field(examples=["auto", *INITIALISATIONS])]

__all__ = ["Activation", "Initialisation", "Share", "Width", "Widths"]
