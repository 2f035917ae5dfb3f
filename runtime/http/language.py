"""Chinese first, English when asked for."""

from __future__ import annotations

from typing import Literal, NamedTuple

Language = Literal["zh", "en"]


class Say(NamedTuple):
    """One sentence in both languages."""

    zh: str
    en: str

    def to(self, language: Language) -> str:
        """The sentence for a reader of `language`."""
        return self.en if language == "en" else self.zh


def accepted(header: str | None) -> Language:
    """The language an `Accept-Language` header prefers; Chinese if it says nothing we speak (RFC 9110, 12.5.4)."""
    best: tuple[float, Language] = (0.0, "zh")
    for part in (header or "").split(","):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.strip().lower().split("-")[0]
        weight = _weight(parameters)
        if primary == "zh" and weight > best[0]:
            best = (weight, "zh")
        elif primary == "en" and weight > best[0]:
            best = (weight, "en")
    return best[1]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
