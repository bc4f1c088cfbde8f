"""Many runs at once: newest first, read only as far as they are looked at."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

from glia.record.run import Run
from glia.tracking.home import open_home
from glia.tracking.index import Index

if TYPE_CHECKING:
    import pandas

PAGE = 100


class Runs(Sequence[Run]):
    """The runs of this folder as a sequence: `glia.runs()[0]` is the newest.

    Args:
        project: only those of one project.
        limit: at most so many.
    """

    def __init__(self, *, project: str | None = None, limit: int | None = None) -> None:
        self._home = open_home()
        self._index = Index(self._home)
        self._project, self._limit = project, limit

    def __len__(self) -> int:
        self._index.refresh()
        count = self._index.count(project=self._project)
        return count if self._limit is None else min(count, self._limit)

    @overload
    def __getitem__(self, key: int) -> Run: ...
    @overload
    def __getitem__(self, key: slice) -> list[Run]: ...
    def __getitem__(self, key: int | slice) -> Run | list[Run]:
        if isinstance(key, slice):
            return [self[position] for position in range(*key.indices(len(self)))]
        position = key + len(self) if key < 0 else key
        if not 0 <= position < len(self):
            raise IndexError(f"There are {len(self)} runs; {key} is outside.")
        return self._page(position, 1)[0]

    def __iter__(self) -> Iterator[Run]:
        for start in range(0, len(self), PAGE):
            yield from self._page(start, min(PAGE, len(self) - start))

    def frame(self) -> "pandas.DataFrame":
        """A row a run: id, name, project, state, created, then params and summary."""
        import pandas as pd

        return pd.DataFrame(
            {
                "id": run.id,
                "name": run.name,
                "project": run.project,
                "state": run.state,
                "created": run.created,
                **run.params,
                **run.summary,
            }
            for run in self
        )

    def __repr__(self) -> str:
        return f"Runs({len(self)})"

    def _repr_html_(self) -> str:
        html: str = self.frame().iloc[:, :5].to_html(index=False)
        return html

    def _page(self, start: int, count: int) -> list[Run]:
        self._index.refresh()
        rows = self._index.runs(project=self._project, limit=count, offset=start)
        return [Run(self._home / "runs" / row.id) for row in rows]
