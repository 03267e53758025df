"""The command line: what it prints, what it imports, its exit codes, and one line for every mistake."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from support.command_line import PLUGIN, refused

from hbench.cli import main
from hbench.cli.output import print_entries, print_lines, print_table
from hbench.experiment.suite_file import load_suite
from hbench.plugins.registry import SCORERS

#: Whatever takes longer to import than the command line may take to answer.
HEAVY = {
    *("torch", "transformers", "datasets", "accelerate", "evaluate", "numpy", "pandas", "xarray", "scipy", "sklearn"),
    *("matplotlib", "rich", "email", "concurrent"),
}


def strip(text: str) -> str:
    """Return the text without what colours it in a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


# --- a real process


def in_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["run", "--help"],
        ["plan", "small"],
        ["plan", "paper-large"],
        ["list", "scorers"],
        ["list", "tasks"],
        ["list", "suites"],
        ["list", "executors"],
    ],
)
def test_answers_that_have_to_come_at_once_import_nothing_heavy(args):
    done = in_process(
        "import sys, json\nfrom hbench.cli import main\n"
        f"try: main({args!r})\n"
        "except SystemExit as end: code = end.code\n"
        "sys.stderr.write(json.dumps([code, sorted({name.partition('.')[0] for name in sys.modules})]))"
    )
    code, modules = json.loads(done.stderr)
    assert code == 0
    assert not HEAVY & set(modules)
    assert "hbench" in modules


def test_the_console_script_and_the_module_are_the_same_command():
    script = Path(sys.executable).with_name("hbench")
    for command in ([str(script)], [sys.executable, "-m", "hbench.cli"]):
        done = subprocess.run([*command, "plan", "smal"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2
        assert done.stderr == "error: unknown suite 'smal'; did you mean 'small'?; or give the path of a TOML file\n"
        assert done.stdout == ""


def test_ctrl_c_ends_with_130_and_one_line(tmp_path):
    waiting = tmp_path / "waiting.py"
    waiting.write_text("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    command = [sys.executable, "-m", "hbench.cli", "plan", "small", "--plugin", str(waiting)]

    def hear_ctrl_c() -> None:
        # A shell starts what it runs in the background deaf to it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, preexec_fn=hear_ctrl_c) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.strip().startswith("error: interrupted")
    assert "Traceback" not in err


def test_a_worker_ends_when_its_list_of_jobs_ends(tmp_path):
    command = [sys.executable, "-m", "hbench.cli", "run-job", "-", "--store", str(tmp_path / "store")]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


# --- help and list


def test_help_names_the_commands_and_hides_the_worker(hbench):
    done = hbench("--help")
    assert done.code == 0
    for command in ("list", "plan", "run", "status", "retry", "leaderboard"):
        assert f"\n  {command} " in done.out
    assert "run-job" not in done.out
    assert hbench().out == done.out
    assert hbench("--version").out.startswith("hbench ")


def test_list_gives_name_summary_and_options_with_defaults(hbench, plugin):
    rows = {row["name"]: row for row in json.loads(hbench("list", "scorers", "--json", "--plugin", plugin).out)}
    assert {"h-score", "el2n", "random"} < set(rows)
    assert rows["shortest"]["about"] == "Fewest words first."
    shared = {"offset": 0.0, "balance": False, "capture": None, "score_with": None}
    assert rows["shortest"]["options"] == {**shared, "scale": 1.5}
    assert rows["h-score"]["natural_subset"]
    assert not rows["el2n"]["natural_subset"]
    assert any("41 % less time" in claim for claim in rows["dynamic-el2n"]["claims"])
    assert rows["length"]["claims"] == []
    text = hbench("list", "scorers").out
    assert "el2n\n" in text
    assert "options: offset=0.0, balance=false, capture=none, score_with=none, epoch=1" in text


def test_list_gives_where_data_and_weights_come_from(hbench):
    tasks = {row["name"]: row for row in json.loads(hbench("list", "tasks", "--json").out)}
    assert tasks["snli"]["hub"] == "stanfordnlp/snli"
    assert tasks["snli"]["config"] == "plain_text"
    assert len(tasks["snli"]["revision"]) == 40
    assert tasks["snli"]["kind"] == "classification"
    assert tasks["snli"]["licence"]
    assert tasks["planted-pair"]["hub"] is None
    models = {row["name"]: row for row in json.loads(hbench("list", "models", "--json").out)}
    assert models["roberta-large"]["hub"] == "FacebookAI/roberta-large"
    assert len(models["roberta-large"]["revision"]) == 40
    suites = {row["name"] for row in json.loads(hbench("list", "suites", "--json").out)}
    assert suites == {"quickstart", "small", "reading", "answering", "dynamic", "paper", "paper-large"}


def test_list_gives_kinds_and_executors(hbench):
    kinds = {row["name"]: row for row in json.loads(hbench("list", "kinds", "--json").out)}
    assert {"classification", "choice", "span", "joint"} <= set(kinds)
    executors = {row["name"]: row for row in json.loads(hbench("list", "executors", "--json").out)}
    assert executors["local"]["options"] == {"jobs": None, "reserve": None}
    assert executors["inline"]["options"] == {"jobs": 1}
    assert all(row["about"] for row in executors.values())


def test_a_plugin_that_cannot_be_loaded_hides_none_of_the_others(hbench, monkeypatch):
    def broken(_name):
        raise ImportError("no module named torchvision")

    monkeypatch.setitem(SCORERS._points(), "broken", SimpleNamespace(value="x:X", load=lambda: broken("x")))
    rows = {row["name"]: row for row in json.loads(hbench("list", "scorers", "--json").out)}
    about = rows["broken"]["about"]
    assert "cannot be loaded: ImportError: no module named torchvision; update or remove the package" in about
    assert "el2n" in rows


# --- plan


def test_plan_prints_the_summary_as_json_and_as_a_table(hbench):
    from hbench.experiment.estimate import estimate
    from hbench.experiment.plan import make_plan

    args = ("plan", "small", "--scorer", "h-score", "--scorer", "el2n[epoch=2]", "--seeds", 2, "--scoring-runs", 3)
    expected = load_suite("small").overridden(scorers=["h-score", "el2n[epoch=2]"], seeds=2, scoring_runs=3)
    printed = json.loads(hbench(*args, "--json").out)
    assert printed.pop("rate") is None
    assert printed == json.loads(json.dumps(asdict(estimate(make_plan(expected)))))
    lines = hbench(*args).out.splitlines()
    row = next(line for line in lines if line.startswith("snli[evaluate=validation]"))
    assert "minilm-l6[layers=4]" in row
    assert any(line.startswith("total") for line in lines)


def test_plan_knows_a_plugin_file(hbench, plugin):
    done = hbench(
        "plan", "quickstart", "--scorer", "shortest[scale=2]", "--plugin", plugin, "--plugin", plugin, "--json"
    )
    assert done.code == 0
    refused(
        hbench("plan", "quickstart", "--scorer", "shortest[scales=2]"), "no option 'scales'", "did you mean 'scale'?"
    )


# --- mistakes


@pytest.mark.parametrize(
    ("args", "fragments"),
    [
        (["smal"], ["unknown suite 'smal'; did you mean 'small'?"]),
        (["nowhere.toml"], ["suite nowhere.toml", "No such file", "check the path"]),
        (["small", "--scorer", "el2m"], ["--scorer: unknown scorer 'el2m'; did you mean 'el2n'?"]),
        (["small", "--task", "snly"], ["--task: unknown task 'snly'; did you mean 'snli'?"]),
        (["small", "--model", "tinny"], ["--model: unknown model 'tinny'; did you mean 'tiny'?"]),
        (["small", "--scorer", "el2n[epoc=2]"], ["--scorer: el2n has no option 'epoc'; did you mean 'epoch'?"]),
        (["small", "--scorer", "el2n[epoch=two]"], ["el2n[epoch=two]: expected an integer, found 'two'"]),
        (["small", "--scorer", "el2n[offset=2]"], ["--scorer: option offset=2.0 is out of range; use 0 <= offset < 1"]),
        (["small", "--keep", "0"], ["--keep 0: use a share above 0 and at most 1"]),
        (["small", "--keep", "1.2"], ["--keep 1.2: use a share above 0 and at most 1"]),
        (["small", "--keep", "length"], ["--keep: 'length' has no natural subset"]),
        (["small", "--seeds", "0"], ["--seeds 0: use an integer of at least 1"]),
        (["small", "--scoring-runs", "0"], ["--scoring-runs 0: use an integer of at least 1"]),
        (["small", "--train-size", "many"], ["'--train-size'", "not a valid integer", "see hbench plan --help"]),
        (["small", "--budget", "equal-step"], ["--budget: unknown budget 'equal-step'; did you mean 'equal-steps'?"]),
        (["small", "--plugin", "none.py"], ["--plugin none.py: no such file; give the path of a Python file"]),
        (["small", "--sedes", "3"], ["'--sedes'", "--seeds", "see hbench plan --help"]),
        ([], ["name a suite", "hbench list suites", "--data"]),
    ],
)
def test_a_mistake_is_one_line_that_names_the_fix(hbench, args, fragments):
    refused(hbench("plan", *args), *fragments)


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("tasks = [\n'sst2'\nmodels = 3\n", ["suite mine.toml, line 3", "malformed TOML", "fix the line"]),
        ("taks = ['sst2']\n", ["suite mine.toml: unknown key 'taks'; did you mean 'tasks'?"]),
        (
            "tasks = ['sst2']\nmodels = ['tiny']\nscorers = ['el2n']\nrivals = ['dynamic-randon']\n",
            ["suite mine.toml: rivals: unknown scorer 'dynamic-randon'; did you mean 'dynamic-random'?"],
        ),
        ("keep = [0]\ntasks = ['sst2']\nmodels = ['tiny']\nscorers = ['el2n']\n", ["suite mine.toml: keep 0: use"]),
        ("[recipe]\nepoch = 3\n", ["suite mine.toml: "]),
    ],
)
def test_a_mistake_in_a_suite_file_names_the_file(hbench, tmp_path, text, fragments):
    (tmp_path / "mine.toml").write_text(text)
    refused(hbench("plan", "mine.toml"), *fragments)


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("x = 1\ny = (\n", ["--plugin mine.py, line 2", "fix the syntax"]),
        ("x = 1\n", ["--plugin mine.py: defines no scorer and no task", "subclass hbench.Scorer"]),
        ("import nothing_like_it\n", ["--plugin mine.py: ModuleNotFoundError", "has to import cleanly"]),
        (PLUGIN.replace("Shortest", "El2n"), ["scorer 'el2n' exists already", "give the one in", "another name"]),
    ],
)
def test_a_plugin_file_at_fault_is_named(hbench, tmp_path, text, fragments):
    (tmp_path / "mine.py").write_text(text)
    refused(hbench("plan", "small", "--plugin", "mine.py"), *fragments)


def test_commands_and_groups_at_fault(hbench):
    refused(hbench("plam"), "No such command 'plam'", "see hbench --help")
    refused(hbench("leaderboard"), "Missing command", "see hbench leaderboard --help")
    refused(hbench("list", "scorer"), "'scorer' is not one of", "see hbench list --help")
    refused(hbench("status", "nowhere"), "store nowhere: no such folder", "`hbench run --store`")
    refused(hbench("retry", "nowhere"), "store nowhere: no such folder")


def test_an_internal_error_says_where_the_traceback_is(hbench, monkeypatch):
    def fail(_suite):
        raise KeyError("lost")

    monkeypatch.setattr("hbench.experiment.plan.make_plan", fail)
    done = hbench("plan", "small")
    assert done.code == 3
    assert done.err.startswith("error: internal error: KeyError: 'lost'; the traceback is in ")
    assert done.err.count("\n") == 1
    path = done.err.split("the traceback is in ")[1].removesuffix(", please report it\n")
    assert 'raise KeyError("lost")' in Path(path).read_text()
    shown = hbench("--debug", "plan", "small")
    assert shown.code == 3
    assert 'raise KeyError("lost")' in shown.err


# --- all commands


def test_errors_are_not_wrapped_and_markup_is_left_alone(hbench):
    long = "x" * 300
    done = hbench("plan", f"no {long}.toml")
    refused(done, long)
    refused(hbench("plan", "small", "--scorer", "el2n[bold]"), "'el2n[bold]'")


def test_every_command_explains_itself_and_its_options():
    def walk(command, path):
        assert command.help, path
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not command.hidden:
                assert parameter.help, (path, parameter.name)
        for name, child in getattr(command, "commands", {}).items():
            walk(child, f"{path} {name}")

    walk(main, "hbench")


def test_importing_hbench_is_light_and_its_public_names_are_there():
    done = in_process(
        "import sys, json, hbench\n"
        "before = sorted({name.partition('.')[0] for name in sys.modules})\n"
        "suite = hbench.load_suite('quickstart')\n"
        "light = sorted({name.partition('.')[0] for name in sys.modules})\n"
        "names = [name for name in hbench.__all__ if not hasattr(hbench, name)]\n"
        "print(json.dumps([before, light, names, suite.name, hbench.run_suite.__name__]))"
    )
    before, light, lacking, name, run = json.loads(done.stdout)
    assert not HEAVY & set(before)
    assert not HEAVY & set(light)
    assert (lacking, name, run) == ([], "quickstart", "run_suite")


def test_in_a_narrow_terminal_no_line_ends_inside_a_word(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    reference = "snli[evaluate=validation]"
    print_table(["task", "model", "reason"], [[reference, "minilm-l6[layers=4]", "a long reason " * 9]])
    print_entries([{"name": "x", "about": "some words " * 20, "options": {"region": "ambiguous"}}])
    out = capsys.readouterr().out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert {reference, "minilm-l6[layers=4]", "reason", "words", "region=ambiguous"} <= set(strip(out).split())
    print_table(["task", "runs"], [[reference, 3]])
    lines = strip(capsys.readouterr().out).splitlines()
    assert lines[0].split() == ["task", "runs"]  # what fits stays a table
    narrow = [["-" * 76, 22], ["x", None]]
    print_table(["t", "n"], narrow)
    assert strip(capsys.readouterr().out).splitlines()[2] == f"{'-' * 76}  22"  # 80 columns fit
    board = "\n".join(["short", "cartography[region=hard]  " * 5, ""])
    print_lines(board)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "short"
    assert all(len(line) <= 80 for line in lines)
    assert " ".join(lines).split().count("cartography[region=hard]") == 5
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    print_lines(board)
    assert capsys.readouterr().out == f"{board}\n"


def test_columns_of_a_table_line_up_whatever_their_cells_hold(capsys):
    print_table(["task", "n", "what"], [["sst2", 1234, "el2n[epoch=2]"], ["情緒", 5, "a\nb"], ["e\u0301", 0.25, None]])
    assert capsys.readouterr().out.splitlines() == [
        "task      n  what",
        "-" * 26,
        "sst2  1,234  el2n[epoch=2]",
        "情緒      5  a b",
        "e\u0301       0.2  -",
    ]
    print_table(["task", "n"], [])
    assert capsys.readouterr().out.splitlines() == ["task  n", "-------"]


def test_output_can_be_cut_short():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "hbench.cli", "list", "tasks"],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
