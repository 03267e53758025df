"""One softmax against its gold class, for kinds that have several of them in an example and keep finished numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch

#: Score of what cannot be chosen: far below any logit, and finite, so that no difference is undefined.
LOWEST = -1e30


class Compared(NamedTuple):
    """What a softmax says of its gold class; float64, without the dimension of the classes."""

    #: bool: the highest logit is the gold one; the first of equal ones counts.
    hit: torch.Tensor
    #: Cross-entropy in nats.
    loss: torch.Tensor
    #: || p - y ||^2.
    error: torch.Tensor
    #: Best other logit minus the gold one; -inf where there is no other.
    rival: torch.Tensor
    #: Entropy of p in nats.
    entropy: torch.Tensor


def compare(logits: torch.Tensor, gold: torch.Tensor, dim: int) -> Compared:
    """Compare logits with their gold classes, which lie along `dim`; gold: int64, as the logits without it.

    Everything is computed in float64 from the differences to the gold logit, so that a confident example keeps its
    small loss and error. NaN logits give NaN values.
    """
    import torch

    place = gold.unsqueeze(dim)
    hit = logits.argmax(dim=dim) == gold
    # Apple's GPUs have no float64
    lead = logits.to(torch.float32 if logits.device.type == "mps" else torch.float64)
    lead = lead - lead.gather(dim, place)
    others = lead.scatter(dim, place, -torch.inf)
    rest = others.logsumexp(dim=dim)
    loss = torch.logaddexp(rest, torch.zeros_like(rest))
    log_prob = lead - loss.unsqueeze(dim)
    error = torch.expm1(-loss) ** 2 + (others - loss.unsqueeze(dim)).exp().square().sum(dim=dim)
    entropy = -(log_prob.exp() * log_prob.clamp(min=LOWEST)).sum(dim=dim)
    return Compared(hit, loss, error, others.amax(dim=dim), entropy)
