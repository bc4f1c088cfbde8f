"""Files kept with a run, and the pictures among them."""

import json
from pathlib import Path, PurePosixPath

from fastapi import APIRouter
from starlette.responses import FileResponse

from glia import pictures
from glia.errors import NotFoundError
from glia.server.answers import Pictures, Problem, RunPicture
from glia.server.readers import Open, Readers
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.records import MediaRecord

router = APIRouter(prefix="/runs/{run}", tags=["runs"], responses={404: {"model": Problem}})

# Only what a browser shows without running it; all else is saved to disk.
SHOWN = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/plain; charset=utf-8",
}
HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, max-age=31536000, immutable",  # the name is the hash of the content
}


@router.get("/media/{file}", response_class=FileResponse)
def read_media(run: str, file: str, readers: Open) -> FileResponse:
    """A file that a record of the run's log names."""
    path = path_of(readers, run, file)
    shown = SHOWN.get(path.suffix.lower())
    return FileResponse(
        path,
        media_type=shown or "application/octet-stream",
        headers=HEADERS,
        filename=path.name,
        content_disposition_type="inline" if shown else "attachment",
    )


def media_folder(reader: RunReader) -> Path:
    """Where the files lie that records of the kind `media` name."""
    return reader.folder / "media"


def path_of(readers: Readers, run: str, file: str) -> Path:
    """A file that a record of the run's log names.

    Raises:
        NotFoundError: none names it, or it is gone.
    """
    with readers.open(run) as reader:
        folder, name = media_folder(reader), reader.name
        known = any(each.file == file for each in reader.media)
    path = folder / PurePosixPath(file).name
    if not known or path.name != file or not path.is_file():
        raise NotFoundError(f"Run '{name}' keeps no file '{file}'.")
    return path


@router.get("/pictures/{file}")
def read_picture(run: str, file: str, readers: Open) -> RunPicture:
    """One picture, as numbers and words."""
    path_of(readers, run, file)
    with readers.open(run) as reader:
        record = next(each for each in reversed(reader.media) if each.file == file)
        picture = _picture(media_folder(reader), record)
    if picture is None:
        raise NotFoundError(f"'{file}' is not a picture of numbers and words, or is damaged.")
    return picture


@router.get("/pictures")
def read_pictures(run: str, readers: Open) -> Pictures:
    """The newest picture of each name, as numbers and words. Files that are gone or damaged are left out."""
    with readers.open(run) as reader:
        folder = media_folder(reader)
        newest = {each.name: each for each in reader.media if each.kind == "picture"}
    drawn = (_picture(folder, record) for record in newest.values())
    return Pictures(pictures=[picture for picture in drawn if picture is not None])


def _picture(folder: Path, record: MediaRecord) -> RunPicture | None:
    try:
        content = json.loads((folder / PurePosixPath(record.file).name).read_text(encoding="utf-8"))
        picture = pictures.to_dict(pictures.from_dict(content))
        return RunPicture.model_validate({"name": record.name, "step": record.step, "picture": picture})
    except (OSError, ValueError, TypeError):
        return None
