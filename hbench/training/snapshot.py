"""All that a run has in memory between two batches, and putting a new run of the same job into that state."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from hbench.cost.bill import Bill, ObservingPass, Used
from hbench.training.position import Position
from hbench.training.randomness import random_states, set_random_states

if TYPE_CHECKING:
    from hbench.training.loop import Run


def snapshot(run: Run) -> dict[str, Any]:
    """Return the state of a run as nested values, tensors and arrays not copied."""
    at, curriculum = run.at, run.curriculum
    return {
        "epoch": at.epoch,
        "step": at.step,
        "stage": at.stage,
        "batch": at.batch,
        "used": asdict(at.used),
        "loss": at.loss,
        "spent": at.seconds(),
        "elapsed": time.perf_counter() - run.started,
        "parameters": _weights(run),
        "optimizer": run.optimizer.state_dict(),
        "scheduler": run.scheduler.state_dict(),
        "random": random_states(run.accelerator.device),
        "suspended": run.suspended,
        "members": run.members,
        "weights": run.weights,
        "observers": {capture: observer.state(at.epoch) for capture, observer in run.observers.items()},
        "curriculum": None if curriculum is None else curriculum.state(at.epoch),
        "predicted": run.predicted,
        "bill": asdict(run.bill),
        "seconds": run.seconds,
        "log": run.log,
    }


def restore(run: Run, state: dict[str, Any]) -> None:
    """Put a run that has not begun into the state of another one of the same job.

    state: what `snapshot` returned there, tensors on the CPU and not used elsewhere.
    """
    device = run.accelerator.device
    run.at = Position(
        epoch=state["epoch"],
        step=state["step"],
        stage=state["stage"],
        batch=state["batch"],
        used=Used(**state["used"]),
        loss=None if state["loss"] is None else state["loss"].to(device),
        spent=state["spent"],
    )
    run.started = time.perf_counter() - state["elapsed"]
    with torch.no_grad():
        for name, tensor in _weights(run).items():
            tensor.copy_(state["parameters"][name])
    run.optimizer.load_state_dict(state["optimizer"])
    run.scheduler.load_state_dict(state["scheduler"])
    run.members = state["members"]
    run.weights = None if state["weights"] is None else state["weights"].to(device)
    for capture, observer in run.observers.items():
        observer.load_state(state["observers"][capture])
    if run.curriculum is not None:
        run.curriculum.load_state(state["curriculum"])
    run.predicted = state["predicted"]
    run.bill = _bill(state["bill"])
    run.seconds, run.log = state["seconds"], state["log"]
    run.suspended = state["suspended"]
    # last: what came before may have drawn
    set_random_states(state["random"], device)


def _weights(run: Run) -> dict[str, torch.Tensor]:
    """Return the parameters and buffers of the model, each once, however many names it has."""
    model = run.setting.model
    return dict([*model.named_parameters(), *model.named_buffers()])


def _bill(entries: dict[str, Any]) -> Bill:
    return Bill(
        tuple(Used(**used) for used in entries["trained"]),
        tuple(ObservingPass(p["epoch"], p["what"], Used(**p["used"])) for p in entries["observed"]),
    )
