"""Many runs at once: newest first, read only as far as they are looked at."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, overload

from glia.errors import ConfigError, NotFoundError
from glia.record.run import Run
from glia.tracking.folder.home import open_home, run_folder
from glia.tracking.index.index import Index
from glia.tracking.index.searching import NEWEST_FIRST, Search

if TYPE_CHECKING:
    import pandas


class Runs(Sequence[Run]):
    """The runs of this folder as a sequence: `glia.runs()[0]` is the newest.

    Args:
        where: only those of which this is true, such as `params.lr < 0.01 and metrics.'validation/accuracy' > 0.9`.
        project: only those of one project.
        sort: a column, metric or param; `-` before it for descending.
        limit: at most so many.
        trials: also those of studies, which are left out unless `where` asks by `id`, `kind` or `parent`.

    Raises:
        ConfigError: the expression cannot be used; the message points at the place.
    """

    def __init__(
        self,
        where: str = "",
        *,
        project: str | None = None,
        sort: str = NEWEST_FIRST,
        limit: int | None = None,
        trials: bool = False,
    ) -> None:
        self._search = Search(where=where, project=project, sort=sort, trials=trials)
        self._home = open_home()
        self._index = Index(self._home)
        self._limit = limit

        if limit is not None and limit < 0:
            raise ConfigError(f"limit={limit} is less than none. Leave it out for all runs.")

    def __len__(self) -> int:
        self._index.refresh()
        count = self._index.count(self._search)
        return count if self._limit is None else min(count, self._limit)

    @overload
    def __getitem__(self, key: int) -> Run: ...
    @overload
    def __getitem__(self, key: slice) -> list[Run]: ...
    def __getitem__(self, key: int | slice) -> Run | list[Run]:
        if isinstance(key, slice):
            wanted = range(*key.indices(len(self)))
            first = min(wanted, default=0)
            page = self._page(first, max(wanted, default=-1) + 1 - first)
            return [page[position - first] for position in wanted if position - first < len(page)]
        position = key + len(self) if key < 0 else key
        if not 0 <= position < len(self):
            raise IndexError(f"There are {len(self)} runs; {key} is outside.")
        return self._page(position, 1)[0]

    def __iter__(self) -> Iterator[Run]:
        # All at once: were they asked for page by page, runs that begin meanwhile would push others out of the pages.
        for run in self.ids():
            with suppress(NotFoundError):  # deleted meanwhile
                yield Run(run_folder(self._home, run))

    def ids(self) -> list[str]:
        """Their ids alone, without opening any."""
        self._index.refresh()
        return self._index.ids(self._search, limit=self._limit)

    def hint(self) -> str:
        """What may be wrong with an expression that nothing matches: names that no run has."""
        return self._index.hint(self._search)

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
        found = self._index.ids(self._search, limit=count, offset=start)
        return [Run(run_folder(self._home, run)) for run in found]
