"""What an explanation is: words and pictures, shown in notebooks, written to files, kept with a run."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy import uint8
from numpy.typing import NDArray

from glia.errors import ConfigError
from glia.pictures import Images, Picture
from glia.record.drawing import draw_all, save_drawing
from glia.record.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Words and pictures.

    Attributes:
        title: what is explained.
        text: the same in words and numbers, as lines of text.
        pictures: what is drawn.
        pixels: the small pictures that `Images` among them name, H W or H W C.
    """

    title: str
    text: str
    pictures: tuple[Picture, ...]
    pixels: Mapping[str, NDArray[uint8]] = field(default_factory=dict)

    def figure(self) -> "Figure":
        """The pictures drawn with matplotlib.

        Raises:
            ConfigError: matplotlib is not installed.
        """
        return draw_all(self.pictures, columns=2, pixels=self.pixels)

    def save(self, path: str | Path) -> Path:
        """Draw the pictures into a file, whose ending says the format: .png, .svg, .pdf.

        Raises:
            ConfigError: matplotlib is not installed, does not know the ending, or the file cannot be written.
        """
        save_drawing(self.figure(), Path(path))
        return Path(path)

    def record(self, run: Run) -> None:
        """Keep the pictures with a run, where its page shows them."""
        for picture in self.pictures:
            if isinstance(picture, Images):
                for name, label in zip(picture.images, picture.labels, strict=True):
                    run.image(name, self.pixels[name], caption=label)
            else:
                run.picture(picture.title, picture)

    def __str__(self) -> str:
        return f"{self.title}\n{self.text}"

    def _repr_html_(self) -> str:
        words = f"<b>{escape(self.title)}</b><pre>{escape(self.text)}</pre>"
        try:
            drawn: Any = self.figure()
        except ConfigError:  # words alone, where matplotlib is not installed
            return words
        return f'{words}<img src="data:image/png;base64,{b64encode(drawn._repr_png_()).decode()}">'
