"""What a paper cites and says of its methods: exactly what the results rest on, and no more."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace

import bibtexparser
import pytest
import yaml
from support.boards import board_of
from support.paths import ROOT
from support.synthetic_results import SEEDS, cell, diagnostic, failing, small_board, with_trivial, write_all

import hbench
from hbench.board.board import Board
from hbench.models.catalogue import CATALOGUE
from hbench.plugins.registry import SCORERS, TASKS
from hbench.render.papers.bibliography import HBENCH, entries_in, shipped
from hbench.render.papers.cite import cited, unknown
from hbench.render.papers.describe import described
from hbench.render.papers.prose import latex, markdown, plain
from hbench.render.papers.sources import sources_of
from hbench.results.folder import results_of
from hbench.results.looks import Looks
from hbench.results.outcomes import Outcomes

PUBLISHED = ("leaderboard", "leaderboard/dynamic", "leaderboard/answering")
ANY_CASE = "minilm-l6[layers=4]"


def board(*cells, model=ANY_CASE) -> Board:
    return board_of(cells or small_board(model=model))


def keys(text: str) -> list[str]:
    return re.findall(r"^@\w+\{([^,]+),", text, re.MULTILINE)


def parsed(text: str) -> bibtexparser.Library:
    """Return the entries that bibtexparser reads; what it does not take as an entry is a fault."""
    library = bibtexparser.parse_string(text)
    assert library.failed_blocks == []
    assert [block for block in library.blocks if isinstance(block, bibtexparser.model.ImplicitComment)] == [] or all(
        line.startswith("%")
        for block in library.blocks
        if isinstance(block, bibtexparser.model.ImplicitComment)
        for line in block.comment.splitlines()
        if line
    )
    return library


# --- BibTeX


def test_every_shipped_entry_is_read_without_a_warning(caplog):
    text = (ROOT / "hbench/references.bib").read_text(encoding="utf-8")
    library = parsed(text)
    assert caplog.records == []
    assert [entry.key for entry in library.entries] == list(shipped()) == list(entries_in(text))
    needs = {"inproceedings": "booktitle", "article": "journal", "techreport": "institution"}
    for entry in library.entries:
        fields = entry.fields_dict
        assert {"title", "author", "year"} <= fields.keys(), entry.key
        assert needs.get(entry.entry_type, "title") in fields, entry.key
        assert ("eprint" in fields) == ("archiveprefix" in fields), entry.key
        assert entry.key == HBENCH or re.search(r"\d{4}", entry.key)[0] <= fields["year"].value
        assert not any("  " in field.value or "arXiv" in field.value for field in entry.fields if field.key == "note")


def test_every_scorer_task_model_and_test_has_an_entry():
    ours = [*(SCORERS.load(n) for n in SCORERS.names()), *(TASKS.load(n) for n in TASKS.names())]
    named = {plugin.cite for plugin in ours if plugin.cite is not None}
    named |= {key for model in CATALOGUE.values() for key in model.cite}
    assert all(model.cite for model in CATALOGUE.values())
    assert named <= shipped().keys()


def test_exactly_what_the_results_rest_on_is_cited():
    text = cited(board())
    assert keys(text) == sorted(
        [
            *(HBENCH, "paul2021deep", "tayaranian2024automatic", "bowman2015large", "williams2018broad"),
            *("wang2020minilm", "reimers2019sentence", "fisher1935fiducial", "welch1938significance"),
            *("dorfman1992receiver", "holm1979simple", "fieller1954some", "klein2020joint", "mogstad2024inference"),
        ]
    )
    parsed(text)
    assert f"Version {hbench.__version__}" in text
    fewer = cited(board(*(cell("sst2", m, seeds=SEEDS[:2], model="roberta-base") for m in ("full", "random"))))
    assert keys(fewer) == sorted([HBENCH, "socher2013recursive", "liu2019roberta"])


def test_further_tests_are_cited_where_they_are_made():
    def added(*cells) -> set[str]:
        return {*keys(cited(board(*cells)))} - {*keys(cited(board()))}

    cells = small_board(model=ANY_CASE)
    assert added(*(replace(c, looks=Looks((6, 12), ())) for c in cells)) == {"pocock1977group"}
    glue = {"kind": "classification", "hub": {"id": "nyu-mll/glue", "config": "mnli", "revision": "c" * 40}}
    assert added(*(replace(c, data=replace(c.data, declaration=glue)) if c.task == "mnli" else c for c in cells)) == {
        "wang2019glue"
    }
    many = small_board(tasks=TASKS.names()[:12], keeps=("0.3",), model=ANY_CASE)
    assert {"wilcoxon1945individual", "pratt1959remarks"} <= added(*many)


@pytest.mark.parametrize("folder", PUBLISHED)
def test_everything_on_the_published_boards_has_an_entry(folder, caplog):
    found = Board.of(results_of(ROOT / folder / "results"))
    assert unknown(sources_of(found)) == []
    text = cited(found)
    assert len(keys(text)) == len({*keys(text)}) == len(parsed(text).entries)
    assert caplog.records == []
    assert {key for key in re.findall(r"\\cite\{(.*?)\}", latex(described(found))) for key in key.split(",")} <= {
        *keys(text)
    }


def test_what_is_not_known_is_named_and_starts_no_entry(hbench, tmp_path):
    odd = small_board(tasks=("my@misc{task,",), methods=("random", "mine"), model="folder@12345678")
    text = cited(board(*odd))
    parsed(text)
    assert "no entry is known for method 'mine'" in text
    assert "@" not in "".join(line for line in text.splitlines() if line.startswith("%"))
    done = hbench("cite", write_all(odd, tmp_path / "results"))
    assert done.code == 0
    assert done.err.count("no entry is known") == 3
    assert done.out == text.rstrip("\n") + "\n"


def test_a_plugin_may_bring_its_entry_in_a_file_beside_it(hbench, tmp_path, plugin):
    plugin.write_text(plugin.read_text().replace("    scale:", '    cite = "mine2026short"\n    scale:'))
    plugin.with_suffix(".bib").write_text("@misc{mine2026short,\n  title = {Short},\n}\n")
    from hbench.plugins.registry import load_plugin_file

    load_plugin_file(plugin)
    text = cited(board(*small_board(methods=("random", "shortest"))))
    assert "@misc{mine2026short,\n  title = {Short},\n}" in text
    plugin.with_suffix(".bib").unlink()
    assert "no entry is known for method 'shortest'" in cited(board(*small_board(methods=("random", "shortest"))))


def test_a_board_folder_stands_for_its_results(hbench, tmp_path):
    write_all(small_board(), tmp_path / "board" / "results")
    write_all(small_board(tasks=("rte",)), tmp_path / "board" / "other" / "results")
    assert hbench("cite", tmp_path / "board").out == hbench("cite", tmp_path / "board" / "results").out
    none = hbench("cite", tmp_path / "nothing")
    assert none.code == 2
    assert "no results" in none.err


# --- the paragraph


def test_the_paragraph_says_what_was_done():
    text = plain(described(board()))
    for words in (
        "We compared three methods of choosing training data, el2n, h-score and length, with random subsets of the "
        f"same size and with training on all data, using hbench {hbench.__version__} (protocol 1).",
        "The tasks were mnli (4,000 training rows, 400 evaluation rows of validation, measured by accuracy) and snli",
        "We fine-tuned minilm-l6[layers=4] with AdamW: 3 epochs, batches of 32, a learning rate of 2e-05.",
        "Subsets held 30 % and 50 % of the training rows.",
        "Every result is a mean over 6 training seeds.",
        "two-t test, in which seeds and examples are both random",
        "Holm's method over the rows of a table",
        "the margin, 1.00 point, is rejected",
        "The net cost of a method is that of one set of its scores",
    ):
        assert words in text, words
    assert "failed" not in text
    assert "planned" not in text
    assert "  " not in text
    assert " ." not in text
    assert ".." not in text


def test_the_paragraph_changes_with_the_results():
    cells = small_board(model=ANY_CASE)
    said = plain(described(board(*(failing(c, *SEEDS[:2]) if c.method == "el2n" else c for c in cells))))
    assert "Of 108 trainings 8 failed." in said
    assert "withheld, since some of the runs compared did not train" in said
    two = plain(described(board(*(replace(c, margin=0.02) if c.task == "snli" else c for c in cells))))
    assert "1.00 point on mnli and 2.00 points on snli" in two
    seeds = plain(described(board(*(cell(method=m, seeds=SEEDS[:2]) for m in ("full", "random", "el2n")))))
    assert "not tested, since a test takes 4 seeds" in seeds
    assert "Holm" not in seeds
    recipes = [replace(c, recipe={**c.recipe, "epochs": 1}) if c.task == "snli" else c for c in cells]
    assert "on snli with AdamW: 1 epoch," in plain(described(board(*recipes)))
    grouped = [
        replace(
            c, examples=Outcomes.encode([c.examples.decode(i) for i in range(6)], cases=[i // 4 for i in range(400)])
        )
        for c in cells
    ]
    assert "counted as one case" in plain(described(board(*grouped)))
    nothing = [with_trivial(c, share=0.99) if c.method == "full" else c for c in cells]
    assert "No verdicts are given on mnli and snli, where" in plain(described(board(*nothing)))
    looked = plain(described(board(*(replace(c, looks=Looks((6, 12), (4,))) for c in cells))))
    assert "Looks at 6 and 12 seeds were planned in advance" in looked
    assert "after results with 4 seeds had been seen" in looked
    ranked = plain(described(board(*cells, replace(diagnostic(), model=ANY_CASE))))
    assert "On planted-pair, whose planted examples are known, methods only ranked the training rows." in ranked
    alone = plain(described(board(*(cell(method=m) for m in ("full", "random")))))
    assert "We compared training on random subsets with training on all data" in alone


def test_formats_cite_only_keys_that_there_are():
    found = board()
    sentences, there = described(found), {*keys(cited(found))}
    in_latex, in_markdown = latex(sentences), markdown(sentences)
    used = {key for group in re.findall(r"\\cite\{(.*?)\}", in_latex) for key in group.split(",")}
    assert used == {*re.findall(r"@([\w]+)", in_markdown)}
    assert {"holm1979simple", "paul2021deep", HBENCH} <= used <= there
    assert "\\texttt{el2n}~\\cite{paul2021deep}" in in_latex
    assert "5 \\%" in in_latex
    assert "`el2n` [@paul2021deep]" in in_markdown
    assert "[@" not in plain(sentences)


def test_the_commands_print_it(hbench, tmp_path):
    results = write_all(small_board(), tmp_path / "results")
    assert hbench("describe", results).out.startswith("We compared three methods")
    assert "\\cite{holm1979simple}" in hbench("describe", results, "--format", "latex").out
    assert hbench("describe", results, "--format", "nothing").code == 2


# --- CITATION.cff


def test_the_citation_file_says_what_the_package_says():
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cff["cff-version"] == "1.2.0"
    assert cff["version"] == project["version"] == hbench.__version__
    assert cff["license"] == project["license"]
    assert cff["repository-code"] in project["urls"].values()
    entry = shipped()[HBENCH]
    for text in (cff["title"], cff["authors"][0]["name"], cff["repository-code"], f"Version {cff['version']}"):
        assert text in entry, text
