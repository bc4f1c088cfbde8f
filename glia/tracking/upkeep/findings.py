"""What `glia doctor` finds: one line each, with what to do about it."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """Something that was looked at."""

    subject: str
    verdict: Verdict
    text: str
    advice: str = ""  # what to do; empty where there is nothing to do


def ok(subject: str, text: str) -> Finding:
    """It is as it should be."""
    return Finding(subject, "ok", text)


def warning(subject: str, text: str, advice: str) -> Finding:
    """Nothing is lost, but the user should know."""
    return Finding(subject, "warning", text, advice)


def problem(subject: str, text: str, advice: str) -> Finding:
    """Something is lost, or does not work."""
    return Finding(subject, "problem", text, advice)
