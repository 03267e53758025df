"""Part one: the tests that need a GPU, as pytest counts them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.gpu.figures import start

#: What a rehearsal runs: some of the tests that mean something on a CPU.
_REHEARSED = "same_bits_twice and fp32 or waits_for_the_gpu and None or named"


def main() -> int:
    """Run the tests marked `cuda`; return pytest's exit code."""
    settings, figures = start()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "tests.xml"
        pytest = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", "cuda", "tests/training", "tests/execute"]
        chosen = ["-k", _REHEARSED] if settings["rehearse"] else []
        done = subprocess.run([*pytest, *chosen, f"--junitxml={report}"])
        suite = next(iter(ElementTree.parse(report).getroot()))
        counts = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
        for name, count in counts.items():
            figures.add(name, count, "", " ".join(["pytest -m cuda", *chosen]))
        for case in suite.iter("testcase"):
            wrong = [child for kind in ("failure", "error") for child in case.findall(kind)]
            if wrong:
                message = (wrong[0].get("message") or "").splitlines()
                figures.add(f"failed: {case.get('name')}", " ".join(message[:1])[:300], "", "pytest -m cuda")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
