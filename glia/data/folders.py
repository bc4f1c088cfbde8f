"""Folders of pictures: a folder per class, perhaps under train/, validation/ and test/."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from glia.data.columns import Categories
from glia.data.dataset import Dataset
from glia.data.images import SUFFIXES, read_pictures
from glia.errors import DataError

PARTS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
         "test": "test"}  # fmt: skip
SKIPPING = "Replace it, or leave such files out (--skip-bad)."
IMAGE, LABEL = "image", "label"  # the columns of every dataset of classified pictures


def read_folder(folder: Path, *, skip_bad: bool = False) -> Dataset:
    """A dataset of pictures whose label is the name of the folder they lie in.

    Args:
        folder: with a folder per class, or with train/ and test/ (and validation/) holding such folders: then that is
            the dataset's own split. Pictures may lie deeper inside a class folder. Hidden files are passed over.
        skip_bad: leave out files that cannot be read.

    Raises:
        DataError: no class folders, a class folder without pictures, or a file that cannot be read.
    """
    inside = {PARTS[child.name.lower()]: child for child in _folders(folder) if child.name.lower() in PARTS}
    official = len(inside) > 1 and "train" in inside
    roots = (
        {part: inside[part] for part in ("train", "validation", "test") if part in inside} if official else {"": folder}
    )
    paths, labels, parts = list[Path](), list[str](), list[str]()
    for part, root in roots.items():
        for name, files in _class_folders(root):
            paths += files
            labels += [name] * len(files)
            parts += [part] * len(files)
    pictures, good, said = read_pictures(paths, skip_bad=skip_bad, advice=SKIPPING)
    label = Categories.of(np.array(labels, object)[good])
    split = np.array(parts)[good] if official else None
    return Dataset({IMAGE: pictures, LABEL: label}, LABEL, folder.resolve().name, split, said=tuple(said))


def pictures_in(folder: Path) -> list[Path]:
    """The picture files in a folder and below, in order of their paths."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(name.startswith(".") for name in path.relative_to(folder).parts)
    )


def _class_folders(root: Path) -> Iterable[tuple[str, list[Path]]]:
    classes = _folders(root)
    if not classes:
        loose = len(pictures_in(root))
        holds = f"{loose:,} pictures" if loose else "no pictures"
        raise DataError(
            f"Folder '{root}' holds {holds} and no class folders: expected a folder per class, such as "
            f"{root.name or 'photos'}/cat/1.jpg."
        )
    for child in classes:
        files = pictures_in(child)
        if not files:
            raise DataError(
                f"Class folder '{child}' holds no pictures ({', '.join(SUFFIXES)}). Add some, or remove the folder."
            )
        yield child.name, files


def _folders(folder: Path) -> list[Path]:
    # Archives packed on a Mac bring a folder __MACOSX of shadows.
    return sorted(
        child for child in folder.iterdir() if child.is_dir() and not child.name.startswith((".", "__MACOSX"))
    )
