import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from glia.errors import ConfigError, DataError
from glia.tracking.log.liveness import Process
from glia.tracking.log.segments import (
    BODY,
    FORMAT,
    HEADER_BYTES,
    MAGIC,
    MOST_TEXT_BYTES,
    SLOT,
    SLOT_BYTES,
    SLOTS,
    Header,
    pack_text,
    read_contents,
    read_header,
    tags,
    valid_slots,
    with_tags,
)

SALT = 0x9ABCDEF0
HEADER = Header("1-abcd", SALT, Process("machine", "boot", 42, 1.5))
texts = some.text(some.characters(exclude_characters="\0", codec="utf-8")).map(lambda text: text.encode())


def slots_of(bodies: bytes, first: int = 0) -> np.ndarray:
    return np.frombuffer(with_tags(bodies, first, SALT).tobytes(), SLOTS).copy()


def test_a_slot_is_32_bytes_and_divides_a_sector() -> None:
    assert SLOT.size == SLOTS.itemsize == SLOT_BYTES
    assert 512 % SLOT_BYTES == 0
    assert HEADER_BYTES % 512 == 0


def test_the_header_comes_back() -> None:
    head = HEADER.to_bytes()
    assert len(head) == HEADER_BYTES
    assert head.startswith(MAGIC)
    assert read_header(head, "x") == HEADER


def test_another_file_is_refused_by_its_beginning() -> None:
    with pytest.raises(DataError, match=r"'notes.txt' is not a log of Glia: it begins with b'Dear dia'"):
        read_header(b"Dear diary".ljust(HEADER_BYTES), "notes.txt")


def test_a_newer_format_is_refused_with_what_to_do() -> None:
    head = HEADER.to_bytes().replace(b'"format": 1', b'"format": 2')
    with pytest.raises(DataError, match=rf"log format 2, and this Glia reads format {FORMAT}.*pip install --upgrade"):
        read_header(head, "x")


@pytest.mark.parametrize("damage", [b"{", b"\xff\xff\xff\xff", b'{"format": 1}'])
def test_a_damaged_header_is_refused(damage: bytes) -> None:
    with pytest.raises(DataError, match="The first 4096 bytes of 'x' are damaged"):
        read_header((MAGIC + (len(damage)).to_bytes(4, "little") + damage).ljust(HEADER_BYTES, b"\0"), "x")


@given(some.integers(0, 2**32), some.integers(1, 500))
def test_no_tag_is_zero(first: int, count: int) -> None:
    assert tags(first, count, SALT).all()
    assert valid_slots(np.zeros(count, SLOTS), first, SALT) == 0


def test_valid_slots_end_at_the_first_wrong_tag() -> None:
    slots = slots_of(BODY.pack(1, 2, 3, 4.0) * 10, first=5)
    assert valid_slots(slots, 5, SALT) == 10
    slots["tag"][7] ^= 1
    assert valid_slots(slots, 5, SALT) == 7
    assert valid_slots(slots, 6, SALT) == 0


def test_the_bodies_of_slots_are_what_was_packed() -> None:
    slots = slots_of(BODY.pack(7, -3, 10**18, float("inf")))
    assert slots[0].tobytes() == SLOT.pack(7, -3, 10**18, float("inf"), SALT)


@given(some.lists(some.one_of(texts, some.none()), max_size=12))
def test_values_and_texts_are_told_apart(mixed: list[bytes | None]) -> None:
    bodies = b"".join(
        BODY.pack(1, index, 0, 0.5) if text is None else pack_text(text) for index, text in enumerate(mixed)
    )
    slots = slots_of(bodies) if bodies else np.empty(0, SLOTS)
    contents = read_contents(slots)
    assert [text for _, text in contents.texts] == [text for text in mixed if text is not None]
    assert slots["step"][contents.values].tolist() == [index for index, text in enumerate(mixed) if text is None]
    assert (contents.used, contents.damaged) == (len(slots), 0)


@given(texts, some.integers(0, 20))
def test_a_text_is_read_when_its_last_slot_is_there(text: bytes, most: int) -> None:
    slots = slots_of(BODY.pack(1, 0, 0, 0.5) + pack_text(text))[: 1 + most]
    contents = read_contents(slots)
    whole = len(pack_text(text)) // 28 <= most
    assert [each for _, each in contents.texts] == ([text] if whole else [])
    assert contents.used == (len(slots) if whole else 1)
    assert contents.values.tolist() == [0]


def test_a_damaged_text_is_left_out_and_counted() -> None:
    slots = slots_of(pack_text(b"a" * 100) + pack_text(b"good") + BODY.pack(1, 0, 0, 0.5))
    slots["value"][2] = 1.0
    contents = read_contents(slots)
    assert [text for _, text in contents.texts] == [b"good"]
    assert (contents.damaged, len(contents.values)) == (1, 1)


def test_a_damaged_length_does_not_hide_what_follows_for_ever() -> None:
    slots = slots_of(pack_text(b"a") + BODY.pack(1, 0, 0, 0.5))
    slots["step"][0] = 0xFFFFFFFF
    contents = read_contents(slots)
    assert (contents.damaged, contents.used, len(contents.values)) == (1, 3 - 1, 1)


def test_too_long_a_text_is_refused_with_its_length() -> None:
    with pytest.raises(ConfigError, match=f"{MOST_TEXT_BYTES + 1:,} bytes is too long"):
        pack_text(b"x" * (MOST_TEXT_BYTES + 1))


def test_a_header_names_its_process() -> None:
    fields = json.loads(HEADER.to_bytes()[12:].rstrip(b"\0"))
    assert fields == {"format": FORMAT, "writer": "1-abcd", "salt": SALT, **dataclasses.asdict(HEADER.process)}
