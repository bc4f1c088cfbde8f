import gzip
import hashlib

import numpy as np
import pytest
from sklearn import datasets as bundled

from glia.data import catalogue
from glia.data.catalogue import CATALOGUE, Entry, load, read_idx
from glia.data.download import RemoteFile
from glia.data.opening import open_dataset
from glia.errors import DataError, NotFoundError


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    return head + array.astype(np.uint8).tobytes()


def test_digits_keep_every_level_of_grey() -> None:
    original = bundled.load_digits()
    dataset = load("digits")
    pixels = dataset.columns["image"].values()
    assert pixels.shape == (1797, 8, 8, 1)
    assert (np.round(pixels[..., 0] / 255 * 16) == original.images).all()
    assert pixels.max() == 255
    assert (dataset.targets() == original.target).all()


@pytest.mark.parametrize(
    ("name", "samples", "features", "first"),
    [
        ("iris", 150, 4, "setosa"),
        ("wine", 178, 13, "class_0"),
        ("breast-cancer", 569, 30, "malignant"),
        ("diabetes", 442, 10, 151.0),
    ],
)
def test_bundled_tables(name: str, samples: int, features: int, first: object) -> None:
    dataset = open_dataset(name)
    assert (len(dataset), len(dataset.features)) == (samples, features)
    assert dataset.targets()[0] == first
    assert dataset.name == name
    assert dataset.target == CATALOGUE[name].target
    assert dataset.said == ()


def test_every_entry_says_whose_it_is_and_how_to_know_its_files() -> None:
    for entry in CATALOGUE.values():
        assert entry.title
        assert entry.licence
        assert entry.origin
        for file in entry.files:
            assert len(file.urls) > 1
            assert all(url.startswith("https://") for url in file.urls)
            assert len(file.sha256 or file.packed_sha256) == 64


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(NotFoundError, match=r"no data set 'iriss' in the catalogue. Did you mean 'iris'\?"):
        load("iriss")


def test_idx_files_are_read_and_others_refused() -> None:
    array = np.arange(24).reshape(2, 3, 4)
    assert (read_idx(idx(array)) == array).all()
    with pytest.raises(DataError, match="not an IDX file: it starts with 1f 8b 08 00"):
        read_idx(b"\x1f\x8b\x08\x00 and so on")
    with pytest.raises(DataError, match=r"says \(2, 3, 4\) and holds 23 values"):
        read_idx(idx(array)[:-1])


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """An entry of four small files, which lie in a mirror."""
    contents = {
        "train-images.gz": idx(np.arange(3 * 4).reshape(3, 2, 2)),
        "train-labels.gz": idx(np.array([0, 1, 0])),
        "t10k-images.gz": idx(np.arange(2 * 4).reshape(2, 2, 2) + 100),
        "t10k-labels.gz": idx(np.array([1, 1])),
    }
    (tmp_path / "tiny").mkdir()
    for name, content in contents.items():
        (tmp_path / "tiny" / name).write_bytes(gzip.compress(content))
    files = tuple(
        RemoteFile(name=name, urls=("http://127.0.0.1:9/",), sha256=hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    )
    entry = Entry(
        title="t", task="classification", licence="-", origin="-", target="label", files=files, classes=("cat", "dog")
    )
    monkeypatch.setitem(catalogue.CATALOGUE, "tiny", entry)
    monkeypatch.setenv("GLIA_MIRROR", str(tmp_path))
    monkeypatch.setenv("GLIA_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_the_mirror_is_taken_instead_of_the_network(tiny) -> None:
    dataset = open_dataset("tiny")
    assert dataset.columns["image"].values().shape == (5, 2, 2, 1)
    assert dataset.targets().tolist() == ["cat", "dog", "cat", "dog", "dog"]
    assert dataset.official is not None
    assert dataset.official.tolist() == ["train"] * 3 + ["test"] * 2


def test_a_spoiled_mirror_is_refused_and_left_alone(tiny) -> None:
    path = tiny / "tiny" / "train-labels.gz"
    path.write_bytes(gzip.compress(idx(np.array([1, 1, 1]))))
    with pytest.raises(DataError, match=r"mirror's '.*train-labels.gz' cannot be used: .*SHA-256 .* expected"):
        open_dataset("tiny")
    assert path.exists()


def test_without_network_and_mirror_the_way_out_is_told(tiny, monkeypatch) -> None:
    monkeypatch.delenv("GLIA_MIRROR")
    with pytest.raises(
        DataError,
        match=r"(?s)Data set 'tiny': 'train-images.gz' could not be downloaded:.*GLIA_MIRROR/tiny/train-images.gz",
    ):
        open_dataset("tiny")


@pytest.mark.mirror
def test_mnist_is_the_canonical_one(mirror) -> None:
    dataset = open_dataset("mnist")
    assert dataset.official is not None
    train = np.asarray(dataset.columns["image"].values())[dataset.official == "train"]
    content = bytes([0, 0, 8, 3]) + np.array([60_000, 28, 28], ">i4").tobytes() + train.tobytes()
    assert hashlib.md5(content).hexdigest() == "6bbc9ace898e44ae57da46a324031adb"
    assert dataset.targets()[:5].tolist() == [5, 0, 4, 1, 9]
    assert (dataset.official == "test").sum() == 10_000


@pytest.mark.mirror
def test_labels_of_fashion_mnist_are_the_published_ones(mirror) -> None:
    labels = {file.name: file for file in CATALOGUE["fashion-mnist"].files if "labels" in file.name}
    for name, file in labels.items():
        packed = (mirror / "fashion_mnist_sample" / name).read_bytes()
        assert hashlib.sha256(packed).hexdigest() == file.packed_sha256
