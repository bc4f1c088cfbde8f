"""Small data made by code, shared by the tests of data."""

from pathlib import Path

import numpy as np
from PIL import Image

from glia.data.columns import Categories, Column, Numbers
from glia.data.dataset import Dataset


def table(*, target: str = "y", **columns: object) -> Dataset:
    """Numbers and texts as a dataset; lists of numbers, or of texts with None for gaps."""
    made: dict[str, Column] = {}
    for name, values in columns.items():
        array = np.asarray(values)
        made[name] = Numbers(array) if array.dtype.kind in "iuf" else Categories.of(list(values))  # type: ignore[call-overload]
    return Dataset(made, target if target in made else "", "made")


def picture(seed: int, height: int = 6, width: int = 5, *, grey: bool = False) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(
        0, 256, (height, width) if grey else (height, width, 3), dtype=np.uint8
    )
    return Image.fromarray(pixels)


def photos(folder: Path, classes: dict[str, int], *, grey: bool = False) -> Path:
    """A folder of class folders with so many PNG files each, all different."""
    seed = sum(map(ord, str(folder.name)))
    for name, count in classes.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            seed += 1
            picture(seed, grey=grey).save(folder / name / f"{number}.png")
    return folder
