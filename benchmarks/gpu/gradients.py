"""Part three: exact per-example gradient norms, beside Opacus, torch.func and a loop over single examples."""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
import transformers
from torch.nn import functional

from benchmarks.gpu.figures import Figures, start
from benchmarks.gpu.models import config_of
from hbench.training.device import allow_tf32
from hbench.training.gradients.norms import GradientNorms

CLASSES = 3


class Batch:
    """A model with random weights and without dropout, a batch of padded sequences, position ids for every peer."""

    def __init__(self, size: str, sequences: int, length: int, device: str) -> None:
        torch.manual_seed(0)
        config = config_of(size)
        config.num_labels = CLASSES
        # Opacus sees nothing in eval mode, so every way runs in training mode, without dropout.
        config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
        model = transformers.AutoModelForSequenceClassification.from_config(config, attn_implementation="eager")
        self.model, self.device = model.to(device).train(), device
        lengths = torch.linspace(length // 2, length, sequences).long()
        mask = (torch.arange(length) < lengths[:, None]).long()
        ids = torch.randint(1000, config.vocab_size, (sequences, length)) * mask
        positions = torch.arange(length).expand(sequences, -1).contiguous()
        inputs = {"input_ids": ids, "attention_mask": mask, "position_ids": positions, "token_type_ids": 0 * ids}
        self.inputs = {name: values.to(device) for name, values in inputs.items()}
        self.labels = (torch.arange(sequences) % CLASSES).to(device)

    def losses(self, output: Any) -> torch.Tensor:
        """Return one loss per example."""
        return functional.cross_entropy(output.logits, self.labels, reduction="none")

    def single(self) -> torch.Tensor:
        """Return the norms from one example at a time through autograd."""
        norms = []
        for i in range(len(self.labels)):
            one = {name: values[i : i + 1] for name, values in self.inputs.items()}
            loss = functional.cross_entropy(self.model(**one).logits, self.labels[i : i + 1])
            gradients = torch.autograd.grad(loss, list(self.model.parameters()))
            norms.append(torch.stack([gradient.norm() for gradient in gradients]).norm())
        return torch.stack(norms)

    def step(self) -> torch.Tensor:
        """Take a forward and a backward pass, as a training step does, without the optimizer."""
        self.losses(self.model(**self.inputs)).mean().backward()
        self.model.zero_grad(set_to_none=True)
        return torch.zeros(len(self.labels), device=self.device)

    def functional(self) -> torch.Tensor:
        """Return the norms from torch.func: a gradient of every example, in chunks that fit."""
        weights = {name: parameter.detach() for name, parameter in self.model.named_parameters()}

        def loss(weights: dict[str, torch.Tensor], one: dict[str, torch.Tensor], label: torch.Tensor) -> torch.Tensor:
            row = {name: values[None] for name, values in one.items()}
            found = torch.func.functional_call(self.model, weights, kwargs=row)
            return functional.cross_entropy(found.logits, label[None])

        # what the library makes of a mask of padding looks at its values, which torch.func forbids: it is given whole
        hidden = torch.finfo(torch.float32).min * (1.0 - self.inputs["attention_mask"].float())
        length = hidden.shape[1]
        inputs = {**self.inputs, "attention_mask": hidden[:, None, None, :].expand(-1, 1, length, length)}
        each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0), chunk_size=8, randomness="different")
        gradients = each(weights, inputs, self.labels)
        return torch.stack([g.flatten(1).norm(dim=1) for g in gradients.values()]).norm(dim=0)


def main() -> None:
    """Measure every way on two shapes of a batch."""
    settings, figures = start()
    device = settings["device"]
    allow_tf32(False)
    if settings["rehearse"]:
        compare("tiny", 4, 16, device, figures, 2)
        return
    compare("MiniLM-L6", 32, 64, device, figures, 20)
    compare("BERT-base", 32, 128, device, figures, 10)


def compare(size: str, sequences: int, length: int, device: str, figures: Figures, rounds: int) -> None:
    """Measure the time, the memory and the error of every way on one model."""
    batch = Batch(size, sequences, length, device)
    truth = batch.single()
    setting = f"{sequences} sequences of up to {length} tokens, fp32, no dropout"

    def report(name: str, way: Callable[[], torch.Tensor]) -> None:
        def measure() -> tuple[float, str]:
            seconds, peak = timed(way, device, rounds, figures)
            if device == "cuda":
                figures.add(f"{size}: {name}, most memory", peak / 2**20, "MiB", setting)
            if name != "a forward and backward pass":
                error = ((way() - truth).abs() / truth).max()
                figures.add(f"{size}: {name}, largest error", float(error), "of the norm", setting)
            return 1000 * seconds, "ms"

        figures.attempt(f"{size}: {name}", setting, measure)

    report("a forward and backward pass", batch.step)
    with GradientNorms(batch.model) as norms:
        report("hbench", lambda: norms(batch.inputs, batch.losses)["all"])
    report("torch.func", batch.functional)
    report("one example at a time", batch.single)
    if importlib.util.find_spec("opacus") is None:
        figures.add(f"{size}: Opacus", "not installed", "", setting)
        return
    for name, ghost in (("Opacus", False), ("Opacus, ghost norms", True)):
        peer = Opacus(batch, ghost)
        report(name, peer)
        peer.leave()


class Opacus:
    """The norms from Opacus: of gradients of every example, or by ghost norms, which form none for linear layers."""

    def __init__(self, batch: Batch, ghost: bool) -> None:
        self.batch, self.ghost = batch, ghost
        self.wrapped: Any = None

    def __call__(self) -> torch.Tensor:
        """Return the norms; the first call wraps the model."""
        from opacus import GradSampleModule
        from opacus.grad_sample import GradSampleModuleFastGradientClipping as Ghost

        batch = self.batch
        if self.wrapped is None:
            kind = Ghost if self.ghost else GradSampleModule
            self.wrapped = kind(batch.model, loss_reduction="sum", strict=False)
        batch.losses(self.wrapped(**batch.inputs)).sum().backward()
        if self.ghost:
            found = self.wrapped.get_norm_sample()
        else:
            samples = [parameter.grad_sample for parameter in batch.model.parameters()]
            found = torch.stack([sample.flatten(1).norm(dim=1) for sample in samples]).norm(dim=0)
            for parameter in batch.model.parameters():
                parameter.grad_sample = None
        batch.model.zero_grad(set_to_none=True)
        return found.detach()

    def leave(self) -> None:
        """Take Opacus' hooks off the model."""
        if self.wrapped is not None:
            self.wrapped.remove_hooks()


def timed(way: Callable[[], torch.Tensor], device: str, rounds: int, figures: Figures) -> tuple[float, int]:
    """Return the median seconds of a few calls, and the most bytes that tensors held in one."""
    seconds, peak = [], 0
    for number in range(rounds + 1):
        if device == "cuda":
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        way()
        if device == "cuda":
            torch.cuda.synchronize()
            peak = max(peak, torch.cuda.max_memory_allocated())
        if number:  # the first one prepares
            seconds.append(time.perf_counter() - began)
        if len(seconds) >= 3 and figures.left < 15:
            break
    return statistics.median(seconds), peak


if __name__ == "__main__":
    sys.exit(main())
