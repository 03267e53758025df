"""The steps of action.yml, run by bash as on GitHub, in a clone and with a `gh` that only takes notes."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from support.paths import ROOT

#: Answers what the action asks: comments there are, and what is written.
_GH = """\
#!/bin/sh
# The arguments of every call, one a line, then a line of its own.
printf '%s\\n' "$@" --- >> "$GH_CALLS"
[ -z "$GH_FAILS" ] || exit 1
case " $* " in
  *" --jq "*) [ -z "$GH_COMMENT" ] || echo "$GH_COMMENT" ;;
esac
"""


@dataclass
class Runner:
    """One run of the action: what it was given, and what its steps left behind."""

    #: The clone, and a folder for everything else.
    clone: Path
    temp: Path
    #: Where `hbench` and its Python are.
    programs: Path
    #: Id of a comment of an earlier run, empty for none; whether every call of `gh` fails.
    earlier: str = ""
    fails: bool = False
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    text: str = ""

    def run(self, *, pull_request: bool = True, **inputs: str) -> int:
        """Run all steps but the installation; return the exit code of the last one."""
        action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
        event = {"github.event.pull_request.number": "7" if pull_request else ""}
        values = {f"inputs.{name}": str(given.get("default", "")) for name, given in action["inputs"].items()}
        values |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        values = {name: "" if "${{" in value else value for name, value in values.items()} | event
        code = 0
        for step in action["runs"]["steps"]:
            if "run" not in step or step["name"].startswith("Install"):
                continue
            known = values | {f"steps.{i}.outputs.{k}": v for i, o in self.outputs.items() for k, v in o.items()}
            if "if" in step and not _holds(step["if"], known):
                continue
            env = {name: _filled(text, known) for name, text in step.get("env", {}).items()}
            code = self._step(step, env)
            if code:
                break
        return code

    @property
    def comment(self) -> str:
        """Return the text of the comment."""
        return (self.temp / "leaderboard-comment.md").read_text(encoding="utf-8")

    @property
    def summary(self) -> str:
        """Return the summary of the job."""
        return (self.temp / "summary").read_text(encoding="utf-8")

    @property
    def calls(self) -> list[list[str]]:
        """Return the arguments of every call of `gh`."""
        path = self.temp / "calls"
        texts = path.read_text(encoding="utf-8").split("\n---\n") if path.exists() else []
        return [text.split("\n") for text in texts if text]

    def _step(self, step: dict[str, Any], env: dict[str, str]) -> int:
        self.temp.mkdir(exist_ok=True)
        gh = self.temp / "bin" / "gh"
        gh.parent.mkdir(exist_ok=True)
        gh.write_text(_GH)
        gh.chmod(0o755)
        output = self.temp / "output"
        output.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.clone,
            env={
                "PATH": os.pathsep.join([str(gh.parent), str(self.programs), os.environ["PATH"]]),
                "HOME": str(self.temp),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(self.temp / "summary"),
                "GITHUB_REPOSITORY": "lab/board",
                "RUNNER_TEMP": str(self.temp),
                "GH_CALLS": str(self.temp / "calls"),
                "GH_COMMENT": self.earlier,
                "GH_FAILS": "1" if self.fails else "",
                **env,
            },
            capture_output=True,
            text=True,
        )
        self.text += done.stdout + done.stderr
        lines = (line.partition("=") for line in output.read_text().splitlines())
        self.outputs[step.get("id", step["name"])] = {name: value for name, _, value in lines}
        return done.returncode


def _filled(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda found: known.get(found[1], ""), text)


def _holds(condition: str, known: dict[str, str]) -> bool:
    """Return whether a condition of comparisons joined by && holds."""
    for part in condition.split("&&"):
        left, sign, right = re.fullmatch(r"\s*([\w.-]+) (==|!=) '([^']*)'\s*", part).groups()
        if (known.get(left, "") == right) != (sign == "=="):
            return False
    return True


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder with an identity of its own; return what it prints."""
    identity = ["-c", "user.name=tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def edited(path: Path, **changes: Any) -> None:
    """Change fields of a result file, by hand as it were."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}, sort_keys=True, indent=1) + "\n")
