"""Expressions read and checked; refusals point at the place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glia.query.expressions import Column, Condition, Literal, Logic, Names, QueryError, Test, columns, pointed
from glia.query.parsing import MOST_COLUMNS, MOST_TERMS, parse
from glia.query.reading import DEEPEST, LONGEST, MOST_TOKENS

NAMES = Names(
    {"name": "text", "state": "text", "created": "time", "seconds": "number"}, frozenset({"params", "metrics"})
)
Test.__test__ = False  # type: ignore[attr-defined]  # a part of expressions, not a test


def read(text: str) -> Condition:
    return parse(text, NAMES)


def test_the_example_of_the_documents() -> None:
    assert read("params.lr < 0.01 and metrics.'validation/accuracy' > 0.9") == Logic(
        "and",
        (
            Test("<", (Column("lr", "any", "params"), Literal(0.01, "number"))),
            Test(">", (Column("validation/accuracy", "any", "metrics"), Literal(0.9, "number"))),
        ),
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("params.lr = 1", "lr"),
        ("params.model.name = 1", "model.name"),
        ("params.'train.learning_rate' = 1", "train.learning_rate"),
        ("params.\"with 'quotes'\" = 1", "with 'quotes'"),
        ("params.'it''s' = 1", "it's"),
        ("params . in . select = 1", "in.select"),
        ("params.größe = 1", "größe"),
    ],
)
def test_names_after_a_family(text: str, name: str) -> None:
    assert columns(read(text)) == {Column(name, "any", "params")}


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("name == 'a'", "name = 'a'"),
        ('name = "a"', "name = 'a'"),
        ("name <> 'a'", "name != 'a'"),
        ("name = 'a' AND seconds=1", "(name = 'a') and (seconds = 1.0)"),
        ("seconds < .5", "seconds < 0.5"),
        ("seconds = - 3", "seconds = -3"),
        ("params.flag = true", "params.flag = 1"),
        ("params.flag = false", "params.flag = 0"),
        ("seconds between 1 and 2", "seconds >= 1 and seconds <= 2"),
        ("name not in ('a', 'b')", "not name in ('a', 'b')"),
        ("name not like 'a%'", "not (name like 'a%')"),
        ("name is not null", "not name is null"),
        ("created > '2026-01-31'", "created > '2026-01-31T00:00:00+00:00'"),
        ("created > '2026-01-31 18:00+02:00'", "created > '2026-01-31 16:00'"),
        ("name = 'a' or name = 'b' and seconds = 1", "name = 'a' or (name = 'b' and seconds = 1)"),
        ("seconds + 1 * 2 - 3 = 4", "((seconds + (1 * 2)) - 3) = 4"),
    ],
)
def test_ways_of_writing(text: str, same: str) -> None:
    assert read(text) == read(same)


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("", "The expression is empty", 0),
        ("nam = 'a'", "There is no 'nam' to ask for. Did you mean 'name'?", 0),
        ("name = 'a' and param.lr = 3", "There is no 'param.lr' to ask for. Did you mean 'params.lr'?", 15),
        ("params = 3", "A name follows: params.something", 0),
        ("params.2nd = 3", "one with other signs than letters is quoted: params.'1st/value'", 6),
        ("metrics.validation/accuracy > 1", "There is no 'accuracy' to ask for", 19),
        ("name", "name is a text, no condition", 0),
        ("seconds + 1", "… + … is a number, no condition", 0),
        ("name = 3", "name is a text, and 3 is a number.", 7),
        ("3 = name", "3 is a number, and name is a text.", 4),
        ("created > 5", "created is a time, and 5 is a number. Write a time in quotes", 10),
        ("created > '31.1.2026'", "'31.1.2026' is no time. Write '2026-01-31' or '2026-01-31 18:00', in UTC.", 10),
        ("created > params.since", "params.since is a number or a text", 10),
        ("name = null", "Write: is null, or is not null.", 0),
        ("params.x is true", "After is stands null or not null.", 12),
        ("seconds in 3", "After in stand values in parentheses", 11),
        ("seconds in ()", "After in stand values in parentheses", 0),
        ("seconds in (1, seconds)", "After in stand numbers and texts in parentheses; seconds is neither.", 15),
        ("name like name", "After like stands a text in quotes", 10),
        ("loer(name) = 'x'", "There is no function 'loer'. Did you mean 'lower'?", 0),
        ("name = 'x' and lower(name, 'x') = 'a'", "lower is called as lower(text); 2 values were given.", 15),
        ("abs(name) = 1", "name is a text; a number is expected here.", 4),
        ("contains(name, 'a') = 1", "contains(…) is true or false by itself", 0),
        ("coalesce(params.a, params.b) = 1", "Give coalesce a value to fall back on", 0),
        ("1 < seconds < 3", "A value is expected here, and this is a condition", 0),
        ("name + 1 = 2", "name is a text; '+' is for numbers.", 0),
        ("seconds <", "Something is missing after '<'", 8),
        ("seconds between 1", "Something is missing after '1'", 16),
        ("(name = 'a'", "A parenthesis is opened and not closed", 0),
        ("name = 'a')", "')' closes nothing", 10),
        ("name = 'a", "This quote is opened and not closed", 7),
        ("name = 'a' seconds", "'seconds' has no place here", 11),
        ("name = 'a' && seconds = 1", "'&&' has no place here. There are: and or not", 11),
        ("is", "'is' has no place here.", 0),
        ("name = 'a' 'b'", "This is not part of the grammar", 7),
        ("name = 'a\x00b'", "The character U+0000 has no place here", 9),
        ("name = '\ud800'", "The character U+D800 has no place here", 8),
    ],
)
def test_refusals_say_what_and_where(text: str, message: str, at: int) -> None:
    with pytest.raises(QueryError) as refused:
        read(text)
    said, line, caret = str(refused.value).split("\n")
    assert message in said
    assert caret == " " * (at + 2) + "^"
    assert refused.value.at == at
    assert line == "  " + "".join(each if each.isprintable() else " " for each in text)


@pytest.mark.parametrize(
    "text",
    [
        "name = 'a'; drop table runs",
        "name = 'a' -- and more",
        "name = 'a' /* and more */",
        "name = 'a' union select password from users",
        "select 1",
        "name in (select id from runs)",
        "exists(select 1)",
        "cast(name as int) = 1",
        "case when 1 = 1 then 1 end = 1",
        "load_extension('x') = 1",
        "readfile('/etc/passwd') = 'x'",
        "name = ? or :x = $1",
        "runs.name = 'a'",
        "sqlite_master.name = 'a'",
        "`name` = 'a'",
        "[name] = 'a'",
        "name::text = 'a'",
        "name = x'ab'",
        "name collate nocase = 'a'",
        "name glob '*'",
        "name regexp '(a+)+'",
        "*",
        "{{ name }} = 1",
        "name = 'a' \\",
        "fn_lower(name) = 'a'",
    ],
)
def test_the_rest_of_sql_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match=r"\^$"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "(" * 1000 + "name = 'a'" + ")" * 1000,
        "not " * 1000 + "name = 'a'",
        "seconds = " + "- " * 1000 + "1",
        "seconds" + " + 1" * 1000 + " = 1",
        "abs(" * 500 + "1" + ")" * 500 + " = 1",
        "a" * 1_000_000,
        "name = '" + "a" * 1_000_000 + "'",
        "1," * (MOST_TOKENS // 2 + 10),
        " or ".join(["seconds = 1"] * (MOST_TERMS + 1)),
        " or ".join(f"params.p{each} = 1" for each in range(MOST_COLUMNS + 1)),
    ],
)
def test_what_is_too_large_is_refused(text: str) -> None:
    with pytest.raises(QueryError) as refused:
        read(text)
    assert len(str(refused.value)) < 1000
    assert any(f"{bound}" in str(refused.value) for bound in (DEEPEST, LONGEST, MOST_TOKENS, MOST_TERMS, MOST_COLUMNS))


def test_much_is_allowed() -> None:
    read(" or ".join(["seconds = 1"] * MOST_TERMS))
    read("(" * 30 + "name = 'a'" + ")" * 30)
    read("seconds in (" + ", ".join(["1"] * 2000) + ")")
    read(" and ".join(f"(seconds + {each} > -1)" for each in range(100)))


def place(text: str) -> int:
    """Where it is refused; 0 if it is not."""
    try:
        read(text)
    except QueryError as refused:
        return refused.at
    return 0


@given(st.text(alphabet="ab01.,'\"()=<>!+-*/% \n;:[]{}&|#~^?@\\`", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert 0 <= place(text) <= len(text)


WORDS = (
    "name state seconds created params.a metrics.'b/c' and or not in between like is null true false ( ) ( ) , = != <"
    " <= > >= + - * / % 1 2.5 'a' 'a%' '2026-01-01' lower( abs( coalesce( contains( now() days( min( case when select"
)


@given(st.lists(st.sampled_from(WORDS.split()), max_size=14).map(" ".join))
def test_any_words_are_read_or_refused(text: str) -> None:
    assert 0 <= place(text) <= len(text)


def test_long_expressions_are_shown_around_the_place() -> None:
    line, caret = pointed("x" * 500 + "!" + "y" * 500, 500).split("\n")
    assert line[caret.index("^")] == "!"
    assert len(line) < 120
