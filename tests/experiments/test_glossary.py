"""The words that are explained."""

from __future__ import annotations

from pathlib import Path

from experiments.glossary import GLOSSARY, markdown, used
from experiments.tables.words import label
from planar_core.choices import METRICS

PAGE = Path(__file__).parents[2] / "docs" / "glossary.md"
HOW = "python -c \"from experiments.glossary import markdown; print(markdown(), end='')\" > docs/glossary.md"


def test_the_page_of_the_manual_is_the_glossary() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), HOW


def test_terms_are_in_order_and_no_form_has_two_meanings() -> None:
    names = [term.name.lower().replace("²", "2") for term in GLOSSARY]
    assert names == sorted(names)
    forms = [form.lower() for term in GLOSSARY for form in term.forms]
    assert len(set(forms)) == len(forms)


def test_meanings_are_one_to_three_sentences() -> None:
    for term in GLOSSARY:
        assert term.meaning.endswith(".")
        assert 1 <= term.meaning.count(". ") + 1 <= 3, term
        assert term.meaning[0].isupper()


def test_every_metric_is_explained() -> None:
    assert {label(metric) for metric in METRICS} <= {term.name for term in GLOSSARY}


def test_the_terms_of_a_text_are_found_and_the_longest_counts() -> None:
    text = "Seeds of a linear model at 95 % interval, 3 iterations to target; nothing of seedling or re-run."
    assert [term.name for term in used(text)] == ["interval", "iterations to target", "linear model", "seed"]
    assert used("") == []
