"""Questions at the door: an answer's key means the same wherever it is asked."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from domain.rule import GENERAL_CHECKS, Check, Rule, Text
from runtime.discover import discover

RULES = discover("domain.rules", "RULE", Rule)


def test_one_question_has_one_wording_in_every_rule() -> None:
    wordings: dict[str, set[Text]] = {}
    for rule in RULES.values():
        for check in rule.checks:
            wordings.setdefault(check.id, set()).add(check.question)
    assert len(wordings) > 20
    assert {key: questions for key, questions in wordings.items() if len(questions) > 1} == {}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_a_question_reads_in_both_languages(rule: Rule) -> None:
    for check in rule.checks:
        assert re.fullmatch(r"[a-z_]{3,60}", check.id)
        assert check.question.zh.endswith("？")
        assert check.question.en.endswith("?")


@pytest.mark.parametrize("checks", [(), GENERAL_CHECKS[:2], (*GENERAL_CHECKS, *GENERAL_CHECKS), GENERAL_CHECKS[:1] * 3])
def test_too_few_too_many_and_repeated_questions_are_refused(checks: tuple[Check, ...]) -> None:
    with pytest.raises(ValueError, match="three to six questions"):
        replace(RULES["newly-let"], checks=checks)
