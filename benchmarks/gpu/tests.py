"""Part one: the tests that need a GPU, counted as pytest names them one by one."""

from __future__ import annotations

import re
import subprocess
import sys

from benchmarks.gpu.figures import start

#: What a rehearsal runs: some of the tests that mean something on a CPU.
_REHEARSED = "same_bits_twice and fp32 or waits_for_the_gpu and None or named"
_OUTCOME = re.compile(r"^\S+::\S.* (PASSED|FAILED|ERROR|SKIPPED)\b")
_WHY = re.compile(r"^(?:FAILED|ERROR) \S+::(\S+)(?: - (.*))?$")


def main() -> int:
    """Run the tests marked `cuda`; return pytest's exit code."""
    settings, figures = start()
    pytest = [sys.executable, "-m", "pytest", "-vv", "-n", "0", "-m", "cuda", "tests/execute", "tests/training"]
    chosen = ["-k", _REHEARSED] if settings["rehearse"] else []
    counts = dict.fromkeys(("PASSED", "FAILED", "ERROR", "SKIPPED"), 0)
    with subprocess.Popen([*pytest, *chosen], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            outcome, why = _OUTCOME.match(line), _WHY.match(line)
            if outcome:
                counts[outcome[1]] += 1
                figures.replace(f"tests {outcome[1].lower()}", counts[outcome[1]], "", "pytest -m cuda")
            elif why:
                figures.add(f"failed: {why[1]}", (why[2] or "")[:300], "", "pytest -m cuda")
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
