"""The session key: what executes, spends, stops or deletes is done only for those who can read `.glia/key`.

`glia serve` prints the pages' address with the key behind `#`, which browsers keep to themselves. The page hands it in
once and gets a cookie that no script can read and no other site can send; a program sends the key itself:
`Authorization: Bearer KEY`. Recording and reading on this machine need nothing.
"""

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, Field

from glia.errors import StoreError
from glia.server.answers import Answer, Problem
from glia.store.locking import file_lock

FILE = "key"
SHORTEST = 32
NO_KEY = "This needs the session key: open the address that `glia serve` printed, with everything behind the #."
WRONG_KEY = "That is not the session key of this folder: open the address that `glia serve` printed last."

router = APIRouter(prefix="/session", tags=["session"])


class Session(Answer):
    """What this browser may do."""

    may_change: bool = Field(description="Whether it may stop and delete.")
    reason: str = Field(description="If not: what to do about it.")


class Handed(BaseModel):
    """The key as a page hands it in."""

    key: str = Field(max_length=1000)


def session_key(home: Path) -> str:
    """The key of a `.glia` folder, made when first asked for; 256 random bits, readable by its owner only.

    Raises:
        StoreError: others may read it, it is not a key, or it cannot be made.
    """
    path = home / FILE
    try:
        with file_lock(home / f"{FILE}.lock"):
            if not path.exists():
                _make(path)
            return _read(path)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"The session key '{path}' cannot be used: {error.strerror}.") from error


def why_refused(request: Request) -> str:
    """Why a request may do nothing but record and read; empty if it has shown the key."""
    key = session_key(request.app.state.home)
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return "" if _equal(given.strip(), key) else WRONG_KEY
    cookie = request.cookies.get(_cookie(key))
    return "" if cookie is not None and _equal(cookie, _proof(key)) else NO_KEY


def with_key(request: Request) -> None:
    """A dependency of routes that need the key; answers 401 without it."""
    refusal = why_refused(request)
    if refusal:
        raise HTTPException(401, refusal, {"WWW-Authenticate": "Bearer"})


WithKey = Depends(with_key)
Refusal = Annotated[str, Depends(why_refused)]


@router.get("")
def read_session(refusal: Refusal) -> Session:
    """Whether this browser may stop and delete, and if not, what to do about it."""
    return Session(may_change=not refusal, reason=refusal)


@router.post("", responses={401: {"model": Problem}})
def begin_session(request: Request, response: Response, handed: Handed) -> Session:
    """Exchange the key for a cookie, which lasts until the browser is closed or the key is another."""
    key = session_key(request.app.state.home)
    if not _equal(handed.key, key):
        raise HTTPException(401, WRONG_KEY)
    response.set_cookie(_cookie(key), _proof(key), httponly=True, samesite="strict", path="/api/v1")
    return Session(may_change=True, reason="")


def _make(path: Path) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _read(path: Path) -> str:
    status = path.stat()
    if hasattr(os, "getuid"):  # not on Windows, where the folder's rights hold
        if status.st_uid != os.getuid():
            raise StoreError(f"The session key '{path}' belongs to user {status.st_uid}, not to you. Delete it.")
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise StoreError(
                f"The session key '{path}' can be read by others (mode {stat.S_IMODE(status.st_mode):04o}), so it "
                f"may be known. Delete it; a new one is made: rm '{path}'"
            )
    key = path.read_text(encoding="ascii", errors="replace").strip()
    if len(key) < SHORTEST or not key.isascii():
        raise StoreError(f"'{path}' holds no session key: {len(key)} characters. Delete it; a new one is made.")
    return key


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


def _cookie(key: str) -> str:
    # Cookies know no ports: two folders served side by side must not take each other's away.
    return f"glia-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _proof(key: str) -> str:
    return hmac.new(key.encode(), b"glia session", hashlib.sha256).hexdigest()
