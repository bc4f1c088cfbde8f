import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glia.data import images
from glia.data.columns import Pictures
from glia.data.folders import pictures_in, read_folder
from glia.data.images import PictureFiles, fitted, read_pictures
from glia.errors import DataError
from tests.data.samples import photos, picture


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


def pixels(path: Path) -> np.ndarray:
    return read_pictures([path])[0].values()[0]


def cut(path: Path) -> Path:
    """The file without its second half."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def test_lossless_files_give_their_pixels(tmp_path) -> None:
    for suffix in ("png", "bmp", "ppm", "tif"):
        image = picture(1)
        assert (pixels(saved(image, tmp_path / f"colour.{suffix}")) == np.asarray(image)).all()
    grey = picture(2, grey=True)
    assert (pixels(saved(grey, tmp_path / "grey.png"))[..., 0] == np.asarray(grey)).all()


def test_the_orientation_of_the_camera_is_applied(tmp_path) -> None:
    image = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3) * 40)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    path = saved(image, tmp_path / "turned.png", exif=exif)
    assert (pixels(path)[..., 0] == np.rot90(np.asarray(image), -1)).all()


def test_a_set_is_grey_only_if_all_of_it_is(tmp_path) -> None:
    grey, colour = saved(picture(1, grey=True), tmp_path / "g.png"), saved(picture(2), tmp_path / "c.png")
    assert read_pictures([grey, grey])[0].size == (6, 5, 1)
    assert read_pictures([grey, colour])[0].size == (6, 5, 3)
    assert read_pictures([colour], channels=1)[0].size == (6, 5, 1)
    said = ["1 of 3 pictures are grey: they were read as colour, as the others are."]
    assert read_pictures([grey, colour, colour])[2] == said
    assert read_pictures([grey, colour], channels=3)[2] == read_pictures([colour, colour])[2] == []


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGBA", (255, 0, 0, 0), [255, 255, 255]),
        ("RGBA", (255, 0, 0, 255), [255, 0, 0]),
        ("LA", (0, 128), [127]),
        ("1", 1, [255]),
        ("CMYK", (0, 255, 255, 0), [255, 0, 0]),
    ],
)
def test_transparency_is_laid_on_white_and_other_modes_become_plain(tmp_path, mode, colour, expected) -> None:
    path = saved(Image.new(mode, (3, 2), colour), tmp_path / ("p.tif" if mode == "CMYK" else "p.png"))
    assert pixels(path).tolist() == [[expected] * 3] * 2


def test_a_palette_with_a_transparent_colour_is_laid_on_white(tmp_path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    path = saved(image, tmp_path / "p.png", transparency=0)
    assert pixels(path).tolist() == [[[255, 255, 255], [0, 0, 255]]]


def test_sixteen_bits_become_eight(tmp_path) -> None:
    deep = Image.fromarray(np.array([[0, 257, 32896, 65535]], np.uint16))
    assert pixels(saved(deep, tmp_path / "deep.png"))[0, :, 0].tolist() == [0, 1, 128, 255]


def test_pixels_that_are_floats_are_refused(tmp_path) -> None:
    path = saved(Image.fromarray(np.zeros((2, 2), np.float32)), tmp_path / "f.tif")
    with pytest.raises(DataError, match=r"f.tif' cannot be read: its pixels are floats"):
        read_pictures([path])


def test_different_sizes_are_brought_to_the_median_and_that_is_said(tmp_path) -> None:
    paths = [saved(picture(i, *size), tmp_path / f"{i}.png") for i, size in enumerate([(4, 8), (6, 10), (20, 12)])]
    found, _, said = read_pictures(paths)
    assert found.size == (6, 10, 3)
    assert said == ["3 pictures of 3 sizes were resized to 10x6 (width x height)."]


def test_large_pictures_are_brought_to_256_a_side_in_their_proportion(tmp_path) -> None:
    found, _, said = read_pictures([saved(picture(1, 400, 800), tmp_path / "large.png")])
    assert found.size == (128, 256, 3)
    assert said == ["1 picture of 800x400 pixels was resized to 256x128 (width x height)."]


def test_content_is_the_picture_not_the_file(tmp_path) -> None:
    image = picture(1)
    paths = [
        saved(image, tmp_path / "a.png"),
        saved(image, tmp_path / "b.bmp"),
        saved(picture(2, 9, 9), tmp_path / "c.png"),
    ]
    found = read_pictures(paths)[0]
    assert found.words[0] == found.words[1] != found.words[2]
    assert found.words[0] == Pictures(np.asarray(image)[None]).words[0]


@pytest.mark.parametrize("kind", ["text", "cut png", "cut jpeg", "empty"])
def test_what_cannot_be_read_is_named(tmp_path, kind: str) -> None:
    whole = saved(picture(1, 60, 60), tmp_path / "1.png")
    path = tmp_path / "2.jpg"
    if kind == "text":
        path.write_text("no picture")
    elif kind == "cut png":
        path = cut(saved(picture(1, 60, 60), tmp_path / "2.png"))
    elif kind == "cut jpeg":
        cut(saved(picture(1, 60, 60), path))
    else:
        path.touch()
    with pytest.raises(DataError, match=f"Picture '{path}' cannot be read: .*[.] Replace it[.]$"):
        read_pictures([whole, path])
    found, good, said = read_pictures([path, whole], skip_bad=True)
    assert len(found) == 1
    assert good.tolist() == [False, True]
    assert found.paths == (str(whole),)
    assert said == ["1 of 2 picture files could not be read and were left out."]
    with pytest.raises(DataError, match=f"None of 1 picture files can be read, '{path}'"):
        read_pictures([path], skip_bad=True)


def test_a_png_that_claims_to_be_enormous_is_not_unpacked(tmp_path) -> None:
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 100) + b"IDAT" + b"\0" * 100)
    with pytest.raises(DataError, match=r"bomb.png' cannot be read: .*decompression bomb"):
        read_pictures([path])


def test_large_pictures_are_read_without_a_warning(tmp_path, monkeypatch) -> None:
    paths = [saved(picture(i), tmp_path / f"{i}.png") for i in range(10)]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)  # Pillow warns from here on and refuses twice as many
    assert len(read_pictures(paths)[0]) == 10
    assert PictureFiles(tuple(map(str, paths)), 6, 5, 3)[:9].__array__().shape == (9, 6, 5, 3)


def test_sets_too_large_for_memory_are_decoded_when_asked_for(tmp_path, monkeypatch) -> None:
    paths = [saved(picture(i), tmp_path / f"{i}.png") for i in range(20)]
    kept = read_pictures(paths)[0]
    monkeypatch.setattr(images, "IN_MEMORY_BYTES", 10)
    files = read_pictures(paths)[0]
    assert isinstance(files.pixels, PictureFiles)
    assert (files.values() == kept.values()).all()
    assert (files.words == kept.words).all()
    some = files.take(np.array([7, 3]))
    assert (some.values() == kept.values()[[7, 3]]).all()
    assert (some.item(1) == kept.item(3)).all()
    assert some.paths == (str(paths[7]), str(paths[3]))
    assert fitted(some, 3, 3, 1).values().shape == (2, 3, 3, 1)
    paths[3].unlink()
    with pytest.raises(DataError, match=f"Picture '{paths[3]}' cannot be read"):
        some.values()


def test_pictures_in_memory_are_fitted_as_files_are(tmp_path) -> None:
    image = picture(3, 40, 30)
    small = read_pictures([saved(image, tmp_path / "a.png")], size=(8, 7), channels=1)[0]
    assert (fitted(Pictures(np.asarray(image)[None]), 8, 7, 1).values() == small.values()).all()


def test_another_size_is_taken_from_the_original_file(tmp_path) -> None:
    paths = [saved(picture(i, 40, 30), tmp_path / f"{i}.png") for i in range(2)]
    small = read_pictures(paths, size=(5, 5))[0]
    assert (fitted(small, 20, 15, 3).values() == read_pictures(paths, size=(20, 15))[0].values()).all()


def test_class_folders_are_labels(tmp_path) -> None:
    folder = photos(tmp_path / "pets", {"dog": 3, "cat": 2})
    (folder / "dog" / "deeper").mkdir()
    picture(99).save(folder / "dog" / "deeper" / "x.JPG", format="PNG")
    (folder / "dog" / "notes.txt").write_text("no picture")
    (folder / ".hidden").mkdir()
    (folder / "__MACOSX").mkdir()
    dataset = read_folder(folder)
    assert dataset.name == "pets"
    assert dataset.targets().tolist() == ["cat"] * 2 + ["dog"] * 4
    assert dataset.official is None


def test_train_and_test_folders_are_the_official_split(tmp_path) -> None:
    photos(tmp_path / "pets" / "train", {"cat": 2, "dog": 2})
    photos(tmp_path / "pets" / "val", {"cat": 1, "dog": 1})
    photos(tmp_path / "pets" / "test", {"cat": 1})
    dataset = read_folder(tmp_path / "pets")
    assert dataset.official is not None
    assert dataset.official.tolist() == ["train"] * 4 + ["validation"] * 2 + ["test"]
    assert set(dataset.targets().tolist()) == {"cat", "dog"}


def test_leaving_out_a_bad_file_leaves_out_its_label(tmp_path) -> None:
    folder = photos(tmp_path / "pets", {"cat": 2, "dog": 2})
    (folder / "cat" / "0.png").write_text("no picture")
    assert read_folder(folder, skip_bad=True).targets().tolist() == ["cat", "dog", "dog"]


def test_folders_without_classes_or_pictures_are_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="holds no pictures and no class folders: expected a folder per class"):
        read_folder(tmp_path)
    picture(1).save(tmp_path / "1.png")
    with pytest.raises(DataError, match="holds 1 pictures and no class folders"):
        read_folder(tmp_path)
    photos(tmp_path, {"cat": 1})
    (tmp_path / "dog").mkdir()
    with pytest.raises(DataError, match=f"Class folder '{tmp_path / 'dog'}' holds no pictures"):
        read_folder(tmp_path)


def test_pictures_in_a_folder_are_found_in_order(tmp_path) -> None:
    folder = photos(tmp_path / "p", {"b": 1, "a": 2})
    assert [str(path.relative_to(folder)) for path in pictures_in(folder)] == ["a/0.png", "a/1.png", "b/0.png"]
