"""The page of a comparison, and its line among the runs."""

from playwright.sync_api import Page, expect

import glia


def test_a_comparison_begins_with_its_answer(page: Page) -> None:
    models = ["baseline", "naive-bayes", "decision-tree"]
    report = glia.compare("iris", models=models, repeats=1, curve=False, regions=["petal length", "petal width"])
    page.goto("/")
    expect(page.get_by_role("row").nth(1)).to_contain_text(f"compare: {report.choice}")
    page.goto(f"/runs/{report.run}")
    expect(page.get_by_role("heading", name="Which learner to use")).to_be_visible()
    expect(page.get_by_text(report.answer.splitlines()[0])).to_be_visible()
    best = page.get_by_role("table").first.get_by_role("row").nth(1)
    expect(best).to_contain_text(report.rows[0][2])
    for name, picture in report.pictures:
        drawn = page.get_by_role("img", name=picture.title)
        expect(drawn.locator("canvas").first, name).to_be_visible()
    assert sum(name.startswith("regions/") for name, _ in report.pictures) == 2
    expect(page.get_by_role("heading", name="Curves")).to_be_hidden()
    page.get_by_text("Every fit of every learner").click()
    expect(page.get_by_role("heading", name="Curves")).to_be_visible()
