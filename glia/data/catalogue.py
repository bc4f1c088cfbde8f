"""Public data sets by name: the small ones that come with scikit-learn, and what is downloaded once and checked.

`GLIA_MIRROR` names a folder that is taken instead of the network: <mirror>/mnist/train-images-idx3-ubyte.gz.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from glia.data.columns import Categories, Column, Numbers, Pictures
from glia.data.dataset import Dataset
from glia.data.download import Progress, RemoteFile, cache_folder, contents_of, fetch
from glia.data.folders import IMAGE, LABEL
from glia.errors import DataError, NotFoundError, did_you_mean

IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One data set: what it is, whose it is, and where it comes from."""

    title: str
    task: Literal["classification", "regression"]
    licence: str
    origin: str
    target: str
    files: tuple[RemoteFile, ...] = ()  # none: it comes with scikit-learn
    classes: tuple[str, ...] = ()  # names of the labels 0, 1, …


def load(name: str, *, progress: Progress | None = None) -> Dataset:
    """A data set of the catalogue.

    Raises:
        NotFoundError: no such name.
        DataError: it could not be downloaded, or a file is not what it should be.
    """
    if name not in CATALOGUE:
        raise NotFoundError(f"There is no data set '{name}' in the catalogue.{did_you_mean(name, CATALOGUE)}")
    entry = CATALOGUE[name]
    if not entry.files:
        return Dataset(BUNDLED[name](), entry.target, name)
    (train, train_labels), (test, test_labels) = (
        (read_idx(_contents(name, images, progress)), read_idx(_contents(name, labels, progress)))
        for images, labels in (entry.files[:2], entry.files[2:])
    )
    labels = np.concatenate([train_labels, test_labels])
    named = Categories(labels.astype(np.int32), entry.classes) if entry.classes else Numbers(labels.astype(np.int64))
    official = np.repeat(["train", "test"], [len(train), len(test)])
    pixels = np.concatenate([train, test])[..., None]
    return Dataset({IMAGE: Pictures(pixels), LABEL: named}, LABEL, name, official)


def read_idx(content: bytes) -> NDArray[Any]:
    """The array in an IDX file, the format of MNIST: two zeros, type, dimensions, sizes (big-endian), values.

    Raises:
        DataError: it is no IDX file, or has fewer values than it says.
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in IDX_TYPES:
        raise DataError(f"This is not an IDX file: it starts with {content[:4].hex(' ')}, expected 00 00 and a type.")
    shape = tuple(np.frombuffer(content, ">i4", content[3], offset=4).tolist())
    values = np.frombuffer(content, IDX_TYPES[content[2]], offset=4 + 4 * content[3])
    if values.size != np.prod(shape):
        raise DataError(f"An IDX file says {shape} and holds {values.size:,} values.")
    return values.reshape(shape)


def _contents(name: str, file: RemoteFile, progress: Progress | None) -> bytes:
    mirror = os.environ.get("GLIA_MIRROR")
    local = Path(mirror) / name / file.name if mirror else None
    if local and local.is_file():
        try:
            return contents_of(file, local)
        except DataError as error:
            raise DataError(f"The mirror's '{local}' cannot be used: {error}.") from None
    try:
        return fetch(file, cache_folder() / name, progress)
    except DataError as error:
        raise DataError(
            f"Data set '{name}': {error}\nWithout a network, put its files into a folder and name that in GLIA_MIRROR: "
            f"{local or f'GLIA_MIRROR/{name}/{file.name}'}."
        ) from None


def _digits() -> dict[str, Column]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    # 17 levels of grey, 0 to 16; spread over 8 bits they stay apart and look as in any picture file.
    pixels = np.round(digits.images * (255 / 16)).astype(np.uint8)[..., None]
    return {IMAGE: Pictures(pixels), LABEL: Numbers(digits.target.astype(np.int64))}


def _iris() -> dict[str, Column]:
    from sklearn.datasets import load_iris

    return _table(load_iris(), "species")


def _wine() -> dict[str, Column]:
    from sklearn.datasets import load_wine

    return _table(load_wine(), "cultivar")


def _breast_cancer() -> dict[str, Column]:
    from sklearn.datasets import load_breast_cancer

    return _table(load_breast_cancer(), "diagnosis")


def _diabetes() -> dict[str, Column]:
    from sklearn.datasets import load_diabetes

    return _table(load_diabetes(scaled=False), "progression")


def _table(bunch: Any, target: str) -> dict[str, Column]:
    columns: dict[str, Column] = {
        name.replace(" (cm)", ""): Numbers(np.ascontiguousarray(bunch.data[:, place]))
        for place, name in enumerate(bunch.feature_names)
    }
    if "target_names" in bunch:
        labels = Categories.of(np.array(bunch.target_names, object)[bunch.target].astype(object))
        return {**columns, target: labels}
    return {**columns, target: Numbers(bunch.target.astype(np.float64))}


def _idx_files(urls: tuple[str, ...], *, packed: bool = False, **checksums: str) -> tuple[RemoteFile, ...]:
    kinds = {"images": "images-idx3-ubyte.gz", "labels": "labels-idx1-ubyte.gz"}
    files = []
    for key, checksum in checksums.items():
        part, kind = key.split("_")
        name = f"{'t10k' if part == 'test' else 'train'}-{kinds[kind]}"
        known = {"packed_sha256": checksum} if packed else {"sha256": checksum}
        files.append(RemoteFile(name=name, urls=tuple(url + name for url in urls), **known))
    return tuple(files)


BUNDLED: dict[str, Callable[[], dict[str, Column]]] = {
    "digits": _digits,
    "iris": _iris,
    "wine": _wine,
    "breast-cancer": _breast_cancer,
    "diabetes": _diabetes,
}

CATALOGUE: dict[str, Entry] = {
    "digits": Entry(
        title="1,797 handwritten digits, 8x8 pixels",
        task="classification",
        licence="CC BY 4.0",
        origin="https://archive.ics.uci.edu/dataset/80",
        target=LABEL,
    ),
    "iris": Entry(
        title="150 iris flowers of three species, four lengths each",
        task="classification",
        licence="CC BY 4.0",
        origin="https://archive.ics.uci.edu/dataset/53",
        target="species",
    ),
    "wine": Entry(
        title="178 wines of three cultivars, 13 chemical measurements",
        task="classification",
        licence="CC BY 4.0",
        origin="https://archive.ics.uci.edu/dataset/109",
        target="cultivar",
    ),
    "breast-cancer": Entry(
        title="569 tumours, malignant or benign, 30 measurements of cell nuclei (Wisconsin)",
        task="classification",
        licence="CC BY 4.0",
        origin="https://archive.ics.uci.edu/dataset/17",
        target="diagnosis",
    ),
    "diabetes": Entry(
        title="442 patients, ten measurements, progression of diabetes after a year",
        task="regression",
        licence="not stated; published with Efron et al., Least Angle Regression, 2004",
        origin="https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html",
        target="progression",
    ),
    "mnist": Entry(
        title="70,000 handwritten digits, 28x28 pixels (60,000 to train on, 10,000 to test)",
        task="classification",
        licence="CC BY-SA 3.0",
        origin="LeCun, Cortes and Burges, 1998. http://yann.lecun.com/exdb/mnist/",
        target=LABEL,
        files=_idx_files(
            (
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
            train_images="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            train_labels="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            test_images="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            test_labels="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    "fashion-mnist": Entry(
        title="70,000 pictures of clothes of ten kinds, 28x28 pixels (60,000 to train on, 10,000 to test)",
        task="classification",
        licence="MIT",
        origin="Xiao, Rasul and Vollgraf, 2017. https://github.com/zalandoresearch/fashion-mnist",
        target=LABEL,
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        # Of this set checksums are published for the gzip files, not for their contents.
        files=_idx_files(
            (
                "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            ),
            packed=True,
            train_images="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            train_labels="a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            test_images="346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            test_labels="67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
}
