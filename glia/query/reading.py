"""Text → sqlglot's tree, with as little of SQL let through as the grammar needs.

sqlglot splits the text and knows which operator binds first. Everything between is ours: names, with their dots and
quotes, and functions are handed to it as plain identifiers, so that no word of SQL means anything here, and only the
tokens listed below get that far.
"""

import re
from dataclasses import dataclass

from sqlglot import Token, Tokenizer, TokenType, exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.parser import Parser

from glia.query.expressions import QueryError

LONGEST = 20_000  # characters
MOST_TOKENS = 5_000
DEEPEST = 40  # parentheses or operations within each other: far below what Python and the engines can nest

FUNCTION = "fn_"  # stands before the names of functions, so that sqlglot knows none of them

_NUMBERS = {"true": "1", "false": "0"}  # as Python has it
_WORDS = {"and", "or", "not", "in", "between", "like", "is", "null", *_NUMBERS}
_SIGNS = {
    TokenType.L_PAREN,
    TokenType.R_PAREN,
    TokenType.COMMA,
    TokenType.EQ,
    TokenType.NEQ,
    TokenType.LT,
    TokenType.LTE,
    TokenType.GT,
    TokenType.GTE,
    TokenType.PLUS,
    TokenType.DASH,
    TokenType.STAR,
    TokenType.SLASH,
    TokenType.MOD,
    TokenType.NUMBER,
    TokenType.STRING,
}
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_COMMENT = re.compile(r"--|/\*|\*/|#")
ALLOWED = "There are: and or not = != < <= > >= in between like is null + - * / % ( ) and functions."


@dataclass(frozen=True)
class Path:
    """A name as it was written: `params.'train.epochs'` has the family `params`."""

    family: str
    name: str


def read(text: str) -> tuple[exp.Expr, list[Path]]:
    """The tree of an expression. Its identifiers are positions in the list of names.

    Raises:
        QueryError: it is too long, or no expression.
    """
    _refuse_at_sight(text)
    try:
        tokens = Tokenizer().tokenize(text)
    except TokenError:
        raise QueryError("The expression cannot be read.", text, 0) from None
    if len(tokens) > MOST_TOKENS:
        raise QueryError(f"An expression has at most {MOST_TOKENS} parts; this has {len(tokens)}.", text, 0)
    simple, paths = _Simplified(text, tokens).result()
    # `col` is where sqlglot says an error stands: there we put the position in the list.
    numbered = [Token(each.token_type, each.text, 1, at, each.start, each.end) for at, each in enumerate(simple)]
    try:
        [tree] = Parser().parse_into(exp.Condition, numbered, text)
    except ParseError as error:
        raise _explained(error, simple, text) from None
    if tree is None:
        raise QueryError("Nothing is asked here.", text, 0)
    return tree, paths


def _refuse_at_sight(text: str) -> None:
    if len(text) > LONGEST:
        raise QueryError(f"An expression has at most {LONGEST} characters; this has {len(text)}.", text[:200], 0)
    if not text.strip():
        raise QueryError("The expression is empty. Expected is something like: params.lr < 0.01", text, 0)
    strange = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", text)
    if strange:
        raise QueryError(f"The character U+{ord(strange[0]):04X} has no place here.", text, strange.start())
    outside = _QUOTED.sub(lambda found: " " * len(found[0]), text)
    if open_quote := re.search("['\"]", outside):
        raise QueryError("This quote is opened and not closed.", text, open_quote.start())
    if comment := _COMMENT.search(outside):
        raise QueryError(f"'{comment[0]}' has no place here: there are no comments.", text, comment.start())


class _Simplified:
    """Tokens without SQL's own words: names become identifiers, functions variables with a prefix."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text, self._tokens = text, tokens
        self._at = 0
        self._result: list[Token] = []
        self._paths: list[Path] = []

    def result(self) -> tuple[list[Token], list[Path]]:
        depth = 0
        nested: list[int] = []  # by open parenthesis: the depth outside
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.token_type is TokenType.L_PAREN:
                nested.append(depth)
            depth = self._depth(token, depth, nested)
            if depth > DEEPEST:
                raise QueryError(f"More than {DEEPEST} parts within each other.", self._text, token.start)
            self._take(token)
        if nested:
            opened = [each for each in self._tokens if each.token_type in (TokenType.L_PAREN, TokenType.R_PAREN)]
            raise QueryError("A parenthesis is opened and not closed.", self._text, _unclosed(opened).start)
        return self._result, self._paths

    def _depth(self, token: Token, depth: int, nested: list[int]) -> int:
        if token.token_type is TokenType.R_PAREN:
            if not nested:
                raise QueryError("')' closes nothing.", self._text, token.start)
            return nested.pop()
        if token.token_type in (TokenType.L_PAREN, TokenType.NOT, TokenType.DASH, TokenType.PLUS):
            return depth + 1
        # Signs before a value nest it; what follows the value does not stand inside it.
        return nested[-1] + 1 if nested else 0

    def _take(self, token: Token) -> None:
        word = self._word(token)
        if self._is_name(token):
            self._name()
        elif word in _NUMBERS:
            self._add(TokenType.NUMBER, _NUMBERS[word], token, token)
            self._at += 1
        elif token.token_type is TokenType.DOT and self._begins_number():
            digits = self._tokens[self._at + 1]
            self._add(TokenType.NUMBER, f".{digits.text}", token, digits)
            self._at += 2
        elif token.token_type in _SIGNS or word in _WORDS:
            self._result.append(token)
            self._at += 1
        else:
            raise QueryError(f"'{token.text}' has no place here. {ALLOWED}", self._text, token.start)

    def _name(self) -> None:
        first = last = self._tokens[self._at]
        self._at += 1
        parts = [first.text]
        while self._type() is TokenType.DOT:
            dot, self._at = self._tokens[self._at], self._at + 1
            if self._type() is None or not (self._word(self._tokens[self._at]) or self._is_text()):
                example = f"{parts[0]}.'1st/value'"
                message = f"A name follows the dot; one with other signs than letters is quoted: {example}."
                raise QueryError(message, self._text, dot.start)
            last = self._tokens[self._at]
            parts.append(last.text)
            self._at += 1
        if len(parts) == 1 and first.token_type is TokenType.IDENTIFIER:  # text in double quotes
            self._add(TokenType.STRING, first.text, first, last)
        elif len(parts) == 1 and self._type() is TokenType.L_PAREN:
            self._add(TokenType.VAR, FUNCTION + first.text.lower(), first, last)
        else:
            family = parts[0] if len(parts) > 1 else ""
            self._paths.append(Path(family, ".".join(parts[1:] if family else parts)))
            self._add(TokenType.IDENTIFIER, str(len(self._paths) - 1), first, last)

    def _add(self, kind: TokenType, text: str, first: Token, last: Token) -> None:
        self._result.append(Token(kind, text, 1, 0, first.start, last.end))

    def _is_name(self, token: Token) -> bool:
        if token.token_type is TokenType.IDENTIFIER:
            return True
        word = self._word(token)
        return bool(word) and (word not in _WORDS or self._follows_dot())

    def _follows_dot(self) -> bool:
        return self._at + 1 < len(self._tokens) and self._tokens[self._at + 1].token_type is TokenType.DOT

    def _begins_number(self) -> bool:
        dot, *after = self._tokens[self._at : self._at + 2]
        return bool(after) and after[0].token_type is TokenType.NUMBER and after[0].start == dot.end + 1

    def _is_text(self) -> bool:
        return self._type() in (TokenType.STRING, TokenType.IDENTIFIER)

    def _type(self) -> TokenType | None:
        return self._tokens[self._at].token_type if self._at < len(self._tokens) else None

    @staticmethod
    def _word(token: Token) -> str:
        """The word in lower case; nothing if it is a sign, a number or a text."""
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER, TokenType.NUMBER):
            return ""
        return token.text.lower() if re.fullmatch(r"[^\W\d]\w*", token.text) else ""


def _unclosed(parentheses: list[Token]) -> Token:
    waiting: list[Token] = []
    for each in parentheses:
        if each.token_type is TokenType.L_PAREN:
            waiting.append(each)
        else:
            waiting.pop()
    return waiting[-1]


def _explained(error: ParseError, tokens: list[Token], text: str) -> QueryError:
    place = error.errors[0].get("col") if error.errors else None
    token = tokens[min(place, len(tokens) - 1)] if isinstance(place, int) and tokens else None
    if token is None:
        return QueryError("This is no expression.", text, 0)
    written = text[token.start : token.end + 1]
    description = str(error.errors[0].get("description"))
    if description.startswith(("Required", "Expect")):
        return QueryError(f"Something is missing after '{written}'.", text, token.start)
    return QueryError(f"'{written}' has no place here. {ALLOWED}", text, token.start)
