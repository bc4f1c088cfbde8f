"""Pictures drawn with matplotlib."""

from glia.pictures import Bars, Points
from glia.record.drawing import draw, draw_all


def test_points_in_columns_have_a_name_at_each_and_no_number_between() -> None:
    points = Points(
        title="activation", x="activation", y="m", groups=(("trials", (0.0, 2.0), (0.5, 0.7)),), columns=("a", "b", "c")
    )
    [axes] = draw(points).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "c"]
    assert axes.get_xticks().tolist() == [0, 1, 2]
    assert axes.get_xlim() == (-0.5, 2.5)
    assert [label.get_rotation() for label in axes.get_xticklabels()] == [0, 0, 0]


def test_names_that_do_not_fit_side_by_side_are_turned() -> None:
    names = tuple(f"a long name {number}" for number in range(4))
    points = Points(title="t", x="x", y="y", groups=(("trials", (0.0,), (0.5,)),), columns=names)
    bars = Bars(title="t", x="x", y="y", labels=names, values=(1.0, 2.0, 3.0, 4.0))
    for axes in draw_all([points, bars]).axes:
        assert {label.get_rotation() for label in axes.get_xticklabels()} == {45}


def test_a_long_title_has_several_lines() -> None:
    bars = Bars(title="word " * 30, x="x", y="y", labels=("a",), values=(1.0,))
    alone = draw(bars).axes[0].get_title().splitlines()
    assert max(map(len, alone)) <= 60
    assert len(alone) == 3
    assert " ".join(alone) == bars.title.strip()
    assert len(draw_all([bars, bars]).axes[0].get_title().splitlines()) > 3
