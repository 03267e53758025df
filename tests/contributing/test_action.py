"""The action for pull requests, run as a runner would: exit codes, and comments that name the rows."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
import yaml
from click.testing import CliRunner
from support.actions import Runner, edited, git
from support.light import light_environment, needed, requirements
from support.paths import ROOT
from support.synthetic_results import METHODS, cell, small_board, write_all

from hbench.cli import main
from hbench.render.compare.markup import literal
from hbench.render.publish import build

CELLS = small_board(tasks=("snli",), keeps=("0.3",))
COMPARED = ("el2n", "grand", "h-score", "length", "random")
ROW = "snli / validation / minilm / 0.3 / equal-epochs"


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    return light_environment(tmp_path_factory.mktemp("light"))


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A repository with a published board."""
    folder = tmp_path_factory.mktemp("origin")
    git(folder, "init", "-q", "-b", "main")
    build(write_all(CELLS, folder / "boards/results"), folder / "boards")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "board")
    return folder


@pytest.fixture
def runner(origin, programs, tmp_path):
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(origin), str(clone))
    return Runner(clone, tmp_path / "temp", programs)


def act(runner, **inputs) -> int:
    """Commit what was changed in the clone and run the action on it, against what it was cloned from."""
    base = git(runner.clone, "rev-parse", "origin/main")
    git(runner.clone, "add", "--all", ".")
    git(runner.clone, "commit", "-q", "--allow-empty", "-m", "change")
    return runner.run(results="boards/results", out="boards", base=base, **inputs)


def rebuild(runner) -> None:
    build(runner.clone / "boards/results", runner.clone / "boards")


def path_of(runner, made):
    return runner.clone / "boards/results" / made.path


@pytest.mark.slow
def test_nothing_changed(runner):
    assert act(runner) == 0
    assert "follows from its results" in runner.comment
    assert "No result was added, removed or replaced: 5 rows stayed the same." in runner.comment
    assert len(runner.calls) == 1  # it looks for an earlier comment and writes none
    assert runner.outputs["verdict"] == {"code": "0"}


@pytest.mark.slow
def test_a_value_of_the_table_is_edited(runner):
    table = runner.clone / "boards/leaderboard.csv"
    lines = table.read_text().splitlines(keepends=True)
    place = next(i for i, line in enumerate(lines) if line.startswith("snli,") and ",el2n," in line)
    lines[place] = re.sub(r",0\.\d{10},", ",0.9999999999,", lines[place], count=1)
    table.write_text("".join(lines))
    assert act(runner) == 1
    assert "drift" in runner.comment.splitlines()[1]
    assert "leaderboard.csv: row snli / validation / minilm / 0.3 / equal-epochs / el2n, column" in runner.comment
    assert "::error title=leaderboard drift::" in runner.text
    assert "leaderboard.csv: row snli" in runner.summary
    assert runner.calls[1][:3] == ["api", "--method", "POST"]


@pytest.mark.slow
def test_a_value_of_a_result_is_edited(runner):
    """The metric no longer follows from the per-example results."""
    made = next(c for c in CELLS if (c.task, c.method) == ("snli", "el2n"))
    edited(path_of(runner, made), values=[0.99, *made.values[1:]])
    assert act(runner) == 2
    assert "cannot be accepted" in runner.comment.splitlines()[1]
    assert "0.3-equal-epochs-validation-el2n.json: 'values[0]' is 0.99" in runner.comment.replace("field ", "")
    assert f"replaced: {made.path}" in runner.comment


@pytest.mark.slow
def test_a_cell_is_replaced(runner):
    """Everything is consistent and built anew: a person has to approve it all the same."""
    made = cell("snli", "el2n", effect=0.03, compared=CELLS[0].compared)
    path_of(runner, made).write_text(made.dump())
    rebuild(runner)
    assert act(runner) == 1
    assert "results were replaced or removed" in runner.comment.splitlines()[1]
    assert f"replaced: {made.path}" in runner.comment
    assert f"1 result was replaced: `{ROW} / el2n`. New against old, paired by seed and example" in runner.comment
    assert "el2n` by +" in runner.comment


@pytest.mark.slow
def test_a_replaced_cell_is_approved(runner):
    made = cell("snli", "el2n", effect=0.03, compared=CELLS[0].compared)
    path_of(runner, made).write_text(made.dump())
    rebuild(runner)
    assert act(runner, allow_replaced="true") == 0
    assert f"1 result was replaced: `{ROW} / el2n`." in runner.comment
    assert "approved by a person" not in runner.comment


@pytest.mark.slow
def test_a_result_is_added(runner):
    made = cell("snli", "grand", compared=COMPARED)
    write_all([made], runner.clone / "boards/results")
    assert act(runner) == 1  # the board was not built
    assert f"1 result was added: `{ROW} / grand`." in runner.comment
    assert "run `hbench leaderboard build`" in runner.comment
    rebuild(runner)
    again = Runner(runner.clone, runner.temp / "again", runner.programs)
    assert act(again) == 0
    assert f"1 result was added: `{ROW} / grand`." in again.comment
    assert again.calls[1][-2:] == ["--field", f"body=@{again.temp}/leaderboard-comment.md"]


@pytest.mark.slow
def test_a_result_is_removed(runner):
    made = next(c for c in CELLS if (c.task, c.method) == ("snli", "length"))
    path_of(runner, made).unlink()
    rebuild(runner)
    assert act(runner) == 1
    assert f"removed: {made.path}" in runner.comment
    assert f"1 result was removed: `{ROW} / length`." in runner.comment


@pytest.mark.slow
def test_a_result_of_another_protocol(runner):
    made = cell("snli", "grand", compared=COMPARED, protocol=2)
    write_all([made], runner.clone / "boards/results")
    assert act(runner) == 2
    assert f"{ROW} / grand follows protocol 2, the results here protocol 1" in runner.comment
    assert runner.outputs["verdict"] == {"code": "2"}


@pytest.mark.slow
def test_a_result_on_other_rows(runner):
    made = cell("snli", "grand", compared=COMPARED)
    write_all([replace(made, data=replace(made.data, eval_digest="f" * 64))], runner.clone / "boards/results")
    assert act(runner) == 2
    assert "data.eval_digest" in runner.comment


@pytest.mark.slow
def test_an_earlier_comment_is_replaced(runner):
    runner.earlier = "123"
    assert act(runner) == 0
    assert runner.calls[1][:4] == ["api", "--method", "PATCH", "repos/lab/board/issues/comments/123"]


@pytest.mark.slow
def test_a_token_that_cannot_write_leaves_the_summary(runner):
    runner.fails = True
    write_all([cell("snli", "grand", compared=COMPARED)], runner.clone / "boards/results")
    rebuild(runner)
    assert act(runner) == 0
    assert "::notice title=leaderboard::the comment could not be written" in runner.text
    assert "1 result was added" in runner.summary


@pytest.mark.slow
def test_a_push_has_nothing_to_compare_with(runner):
    assert runner.run(results="boards/results", out="boards", pull_request=False) == 0
    assert runner.calls == []
    assert "Leaderboard: same" in runner.summary


@pytest.mark.slow
def test_a_new_board_has_no_results_before(runner, tmp_path):
    shutil.copytree(runner.clone / "boards", runner.clone / "second")
    base = git(runner.clone, "rev-parse", "HEAD")
    git(runner.clone, "add", "--all", ".")
    git(runner.clone, "commit", "-qm", "second board")
    assert runner.run(results="second/results", out="second", base=base) == 0
    assert "5 results were added" in runner.comment


EVIL = "x](http://evil.example)<img src=a onerror=b> @everyone #1 ``` **b** | \\"


@pytest.mark.slow
def test_nothing_from_results_is_markdown_in_the_comment(runner):
    """Names of methods and tasks, names of files and broken values are shown as they are."""
    evil = cell("snli", f"`{EVIL}`", compared=tuple(sorted([*METHODS, f"`{EVIL}`"])))
    write_all([evil], runner.clone / "boards/results")
    broken = runner.clone / "boards/results" / "`]('<script> @here\n\n# title.json"
    broken.write_text('{"schema": "`<b>`"}')
    assert act(runner) == 2
    comment = runner.comment
    assert "`]('<script> @here # title.json" in comment
    assert "\n# title" not in comment
    broken.unlink()
    rebuild(runner)
    runner.temp = runner.temp / "again"
    assert act(runner) == 0
    assert "onerror" in runner.comment
    for text in (comment, runner.comment, runner.summary):
        outside = without_code(text)
        for sign in ("<img", "<script", "@", "](http", "**b**", "#1", "<b>"):
            assert sign not in outside, sign


def without_code(text: str) -> str:
    """Return Markdown without its code, as CommonMark takes it: from a run of back quotes to the next one as long."""
    kept, at = [], 0
    while at < len(text):
        if text[at] != "`":
            kept.append(text[at])
            at += 1
            continue
        end = at
        while end < len(text) and text[end] == "`":
            end += 1
        fence, close = text[at:end], end
        while (close := text.find(fence, close)) != -1:
            after = close + len(fence)
            if (after == len(text) or text[after] != "`") and text[close - 1] != "`":
                break
            close += 1
        if close == -1:
            kept.append(fence)
            at = end
        else:
            at = close + len(fence)
    return "".join(kept)


@pytest.mark.parametrize("text", ["plain", "`", "a``b`", "\n\n# a", "\u202eabc\x00", "```", "", " "])
def test_a_literal_text_is_one_piece_of_code(text):
    shown = literal(text)
    assert without_code(f"a {shown} b") == "a  b"
    assert "\n" not in shown
    assert shown.isprintable()


# --- the environment and the files


def test_the_requirements_are_those_of_the_package_without_what_trains():
    names = needed().keys()
    assert not names & {"torch", "transformers", "datasets", "accelerate", "pandas", "evaluate", "pyarrow", "xarray"}
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'"{requirement}",' in declared for requirement in requirements())


@pytest.mark.parametrize("board", ["leaderboard", "leaderboard/dynamic", "leaderboard/answering"])
@pytest.mark.slow
def test_the_requirements_are_enough_for_the_commands_of_a_board(programs, board, tmp_path):
    def run(*arguments):
        done = subprocess.run([programs / "hbench", *arguments], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    results = ROOT / board / "results"
    run("leaderboard", "build", "--results", results, "--out", "board")
    assert run("leaderboard", "check", "--results", results, "--out", "board").strip() == (
        "the leaderboard follows from the results"
    )
    for name in ("text", "markdown", "csv", "json", "latex"):
        assert run("leaderboard", "show", "--results", results, "--format", name)
    assert run("cite", results)
    assert run("describe", results)
    assert run("compare", results, results)
    assert "tiny" in run("list", "models")


@pytest.mark.slow
def test_the_light_environment_has_no_torch(programs):
    heavy = ("torch", "transformers", "datasets", "accelerate", "xarray", "pandas")
    code = f"import importlib.util as u; print([name for name in {heavy} if u.find_spec(name)])"
    done = subprocess.run([programs / "python", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_script_is_one_that_bash_can_read():
    """More is found by actionlint, which .ci/run calls."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    scripts = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    assert len(scripts) == 5
    assert [s for s in scripts if subprocess.run(["bash", "-n", "-c", s], check=False).returncode] == []
    assert "node .ci/workflows.mjs" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_actions_of_others_are_pinned_to_a_major_version():
    files = [ROOT / "action.yml", *sorted((ROOT / ".github/workflows").glob("*.yml"))]
    used = []
    for file in files:
        loaded = yaml.safe_load(file.read_text(encoding="utf-8"))
        jobs = loaded.get("jobs", {"": loaded.get("runs")}).values()
        used += [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
    assert {name for name in used if not name.startswith("./")} == {"actions/checkout@v4", "actions/setup-python@v5"}


def test_no_script_of_the_action_holds_an_expression():
    """What a pull request names, such as its branch, is handed on as a variable and never read as a command."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert not [step["name"] for step in action["runs"]["steps"] if "${{" in step.get("run", "")]


def test_the_examples_of_the_documentation_hold():
    """The inputs are those of the action, and all are told; the script for GitLab is one that bash can read."""
    text = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    github, gitlab = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    assert github["jobs"]["board"]["steps"][1]["with"].keys() <= inputs.keys()
    assert [name for name in inputs if f"`{name}`" not in text] == []
    script = "\n".join(gitlab["leaderboard"]["script"])
    assert subprocess.run(["bash", "-n", "-c", script], check=False).returncode == 0
    commands = [line for line in script.splitlines() if "hbench leaderboard" in line]
    for line in commands:
        name, options = re.search(r"hbench leaderboard (\w+)", line)[1], set(re.findall(r" (--[\w-]+)", line))
        shown = CliRunner().invoke(main, ["leaderboard", name, "--help"]).output
        assert [option for option in options if option not in shown] == []
