from pathlib import Path

import pytest

from glia.store.disks import kind_of_disk

TABLE = """\
22 27 0:21 / {root} rw,relatime - ext4 /dev/vda rw
23 27 0:22 / {root}/net rw,relatime shared:1 master:2 - nfs4 server:/x rw
24 27 0:23 / {root}/with\\040space rw - xfs /dev/vdb rw
25 27 0:24 / {root}/over rw - ext4 /dev/vdc rw
26 27 0:25 / {root}/over rw - tmpfs tmpfs rw
not a line of the table
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "mountinfo"
    file.write_text(TABLE.format(root=tmp_path.resolve()))
    return file


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("a/b", "ext4"),
        ("net", "nfs4"),
        ("net/deep/file", "nfs4"),
        ("network", "ext4"),
        ("with space/x", "xfs"),
        ("over/x", "tmpfs"),
    ],
)
def test_the_innermost_and_last_mounted_counts(tmp_path: Path, table: Path, place: str, kind: str) -> None:
    assert kind_of_disk(tmp_path / place, table) == kind


def test_links_are_followed(tmp_path: Path, table: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "net")
    assert kind_of_disk(tmp_path / "link" / "x", table) == "nfs4"


def test_where_there_is_no_table_nothing_is_known(tmp_path: Path) -> None:
    assert kind_of_disk(tmp_path, tmp_path / "missing") == ""


def test_this_machine_is_read(tmp_path: Path) -> None:
    if Path("/proc/self/mountinfo").exists():
        assert kind_of_disk(tmp_path) != ""
