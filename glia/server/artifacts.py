"""Files and folders that a run keeps, to be listed and saved. A blob is reached only through a run that names it."""

import os
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from glia.errors import NotFoundError
from glia.server.answers import Artifact, ArtifactFile, ArtifactFiles, Artifacts, Problem
from glia.server.readers import Open
from glia.tracking.folder.artifacts import artifacts_of, find_artifact

router = APIRouter(prefix="/runs/{run}/artifacts", tags=["runs"], responses={404: {"model": Problem}})
CHUNK_BYTES = 1 << 20
Name = Annotated[str, Query(description="Of the artifact.")]


@router.get("")
def read_artifacts(run: str, readers: Open) -> Artifacts:
    """What a run keeps."""
    with readers.open(run) as reader:
        found = artifacts_of(reader)
    return Artifacts(
        artifacts=[
            Artifact(
                name=each.name,
                kind="folder" if each.kind == "folder" else "file",
                files=each.files,
                bytes=each.bytes,
                time=each.time,
            )
            for each in found
        ]
    )


@router.get("/files")
def read_files(
    run: str,
    readers: Open,
    name: Name,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 200,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> ArtifactFiles:
    """The files of an artifact."""
    with readers.open(run) as reader:
        artifact = find_artifact(reader, name)
    files = islice(artifact.contents(), offset, offset + limit)
    return ArtifactFiles(files=[ArtifactFile(path=file.path, bytes=file.bytes) for file in files], total=artifact.files)


@router.get("/content", response_class=StreamingResponse)
def read_content(
    run: str, readers: Open, name: Name, path: Annotated[str, Query(description="Of a folder, which file.")] = ""
) -> StreamingResponse:
    """The bytes of a file, to be saved: never shown, whatever they are."""
    with readers.open(run) as reader:
        artifact = find_artifact(reader, name)
    if artifact.kind == "folder" and not path:
        raise NotFoundError(f"Artifact '{name}' is a folder: say which of its files, or type: glia runs artifacts")
    file = artifact.open(path)
    file_name = (path or name).rpartition("/")[2]
    return StreamingResponse(
        _chunks(file),
        media_type="application/octet-stream",
        headers={
            "Content-Length": str(os.fstat(file.fileno()).st_size),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name, safe='')}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Content-Encoding": "identity",  # weights do not get smaller, and the length is to be known
        },
    )


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
