"""The command: check the machine, then every part in the order of its importance, each in a process of its own.

    python -m benchmarks.gpu --out gpu-results [--wheels DIR] [--model DIR] [--suite FILE --data-dir D] [-- OPTIONS]

This process needs nothing but Python, ends before `--minutes` are over, and writes gpu.json and gpu.txt after each
part, so that one that is cut off leaves what it has. Given again, the command goes on with what is missing.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from benchmarks.gpu import environment
from benchmarks.gpu.parts import PARTS, Part, Plan, cpu_environment, run_part
from benchmarks.gpu.report import Report

#: Seconds kept back for ending a part and writing the last page.
SPARE = 12


def main() -> int:
    """Run all parts; return 0, or 1 when one failed or the machine cannot be used."""
    plan, wheels, again = _arguments()
    deadline = time.monotonic() + 60 * plan.minutes - SPARE
    try:
        if wheels is not None:
            environment.install(wheels, deadline)
        machine = environment.check(plan.device, cpu_environment(plan))
    except environment.Unusable as error:
        _say(f"{error}")
        return 1
    report = Report(plan.out, machine, plan.settings())
    if not again:
        report.resume()
    _say(", ".join(f"{name}: {value}" for name, value in machine.items()))
    for part in PARTS:
        if part.name == "suite" and plan.suite is None:
            continue
        if report.done(part.name):
            _say(f"{part.name}: kept from before")
            continue
        left = deadline - time.monotonic()
        seconds = min(left, _share(part, plan))
        if left < part.least:
            report.add(part.name, {"state": "not started", "why": f"{left:.0f} s were left, it takes {part.least}"})
            continue
        _say(f"{part.name}: at most {seconds:.0f} s")
        report.add(part.name, run_part(part, plan, seconds, whole=seconds < left))
        _say(report.line(part.name))
    _say(f"{report.json_path}\n{report.text_path}")
    return int(report.failed())


def _share(part: Part, plan: Plan) -> float:
    """Return the most seconds of a part: its own where the whole takes nine minutes, and in proportion elsewhere."""
    return float("inf") if part.seconds is None else part.seconds * max(1.0, plan.minutes / 9)


def _arguments() -> tuple[Plan, Path | None, bool]:
    words = sys.argv[1:]
    words, rest = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    parser = argparse.ArgumentParser("python -m benchmarks.gpu", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("gpu-results"), help="folder of results; again: continues")
    parser.add_argument("--minutes", type=float, default=9.0, help="hard limit of the whole command")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes, to try every part anywhere")
    parser.add_argument("--wheels", type=Path, help="folder of wheels to install first, without a network")
    parser.add_argument("--model", help="folder of a pretrained model, or a name; random weights of its size otherwise")
    parser.add_argument("--suite", help="suite to run as far as time allows; options of hbench run come after --")
    parser.add_argument("--data-dir", type=Path, help="folder of the suite's data")
    parser.add_argument("--jobs", type=int, help="jobs on the card at a time, for the parts that share it (8)")
    parser.add_argument("--again", action="store_true", help="measure anew what an earlier call has measured")
    given = parser.parse_args(words)
    plan = Plan(
        out=given.out.resolve(),
        device=given.device,
        rehearse=given.rehearse,
        minutes=given.minutes,
        model=_absolute(given.model),
        suite=_absolute(given.suite),
        data_dir=given.data_dir and given.data_dir.resolve(),
        jobs=given.jobs or (2 if given.rehearse else 8),
        options=tuple(rest),
    )
    return plan, given.wheels, given.again


def _absolute(name: str | None) -> str | None:
    """Return a path that is there as one that holds anywhere, since the parts run in another folder; names stay."""
    return str(Path(name).resolve()) if name is not None and Path(name).exists() else name


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
