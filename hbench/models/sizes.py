"""How large a model is, without loading it: its parameters, the operations of a training and the memory of a job."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from hbench.models.catalogue import Model

#: Bytes of a weight, its gradient and the two moments of AdamW, all in 32 bits.
_BYTES = 16
#: A training step: the forward pass, and a backward pass of twice its operations.
_STEP = 3


@dataclass(frozen=True)
class Size:
    """The shape of a transformer, encoder or decoder."""

    layers: int
    width: int
    #: Width inside the feed-forward part.
    inner: int
    heads: int
    #: Tokens and positions that have an embedding, and the width of a token's where it is projected.
    vocabulary: int
    #: 0 positions where they are rotations, without a table.
    positions: int
    embedding: int | None = None
    #: Heads of keys and values, where several heads share one; None for as many as `heads`.
    shared_heads: int | None = None
    #: Whether the feed-forward part has a gate, a third matrix, and no biases, as in Llama and Qwen.
    gated: bool = False

    @property
    def parameters(self) -> int:
        """Return the number of weights: embeddings, and of every layer the matrices and their biases."""
        width = self.embedding or self.width
        projected = 0 if self.embedding is None else 2 * self.embedding * self.width
        biases = 2 * self.width if self.gated else 9 * self.width + self.inner
        layer = 2 * self.width * (self.width + self._shared) + self._matrices * self.width * self.inner + biases
        return self.vocabulary * width + projected + self.positions * self.width + self.layers * layer

    @property
    def _shared(self) -> int:
        """Width of keys and values."""
        return self.width * (self.shared_heads or self.heads) // self.heads

    @property
    def _matrices(self) -> int:
        """Matrices of the feed-forward part."""
        return 3 if self.gated else 2

    def training_flops(self, examples: int, length: int) -> float:
        """Return the operations of one epoch: three forward passes over every example, padded to `length` tokens.

        A layer takes 8 T w^2 operations for the projections, 4 T w v for the feed-forward part and 4 T^2 w for
        attention, w and v being the widths and T the length; fewer where heads share keys and values, half as many
        again in the feed-forward part where it has a gate. Where the last layer is computed for the first token
        alone (`hbench.models.first_token`), that is more than a training takes.
        """
        w, v, t = self.width, self.inner, length
        layer = 4 * t * w * (w + self._shared) + 2 * self._matrices * t * w * v + 4 * t * t * w
        return float(_STEP * examples * self.layers * layer)

    def memory(self, batch: int, length: int, *, bits: int) -> float:
        """Return the bytes that a training job holds: 16 a parameter, and the activations of a batch.

        bits: 16 or 32, of an activation. A layer keeps T B w (34 + 5 a T / w) bytes in 16 bits, a being the heads
        (Korthikanti et al. 2022, arXiv 2205.05198, Eq. 2), of which 16 w are the inner part of the feed-forward part,
        here 4 v for its width v, and twice that with a gate.
        """
        inner = (8 if self.gated else 4) * self.inner
        layer = length * batch * (18 * self.width + inner + 5 * self.heads * length)
        return _BYTES * self.parameters + self.layers * layer * bits / 16


#: Of models whose configuration is on the hub; that of a folder is read.
_SIZES = {
    "tiny": Size(2, 64, 128, 2, 2000, 512),
    "minilm-l6": Size(6, 384, 1536, 12, 30522, 512),
    "roberta-base": Size(12, 768, 3072, 12, 50265, 514),
    "roberta-large": Size(24, 1024, 4096, 16, 50265, 514),
    "bert-base": Size(12, 768, 3072, 12, 30522, 512),
    "opt-350m": Size(24, 1024, 4096, 16, 50272, 2050, embedding=512),
    "opt-1.3b": Size(24, 2048, 8192, 32, 50272, 2050),
    "llama-3.2-1b": Size(16, 2048, 8192, 32, 128256, 0, shared_heads=8, gated=True),
    "qwen2.5-1.5b": Size(28, 1536, 8960, 12, 151936, 0, shared_heads=2, gated=True),
}
#: Types of model whose positions are rotations, and whose feed-forward part has a gate.
_GATED = ("llama", "qwen2", "qwen3", "mistral", "gemma", "gemma2")
_NAMES = {
    "layers": ("num_hidden_layers", "n_layer"),
    "width": ("hidden_size", "n_embd"),
    "inner": ("intermediate_size", "ffn_dim"),
    "heads": ("num_attention_heads", "n_head"),
    "vocabulary": ("vocab_size",),
    "positions": ("max_position_embeddings", "n_positions"),
}


def size_of(model: Model) -> Size | None:
    """Return the size of a model of the catalogue or in a folder; None of another one, which would have to be asked."""
    size = _SIZES.get(model.name)
    if size is None and model.folder is not None:
        settings = json.loads((model.folder / "config.json").read_text(encoding="utf-8"))
        found = {
            field: next((settings[name] for name in names if isinstance(settings.get(name), int)), None)
            for field, names in _NAMES.items()
        }
        known = {field: value for field, value in found.items() if value is not None}
        size = Size(**known) if len(known) == len(_NAMES) else None
        if size is not None and settings.get("model_type") in _GATED:
            size = replace(size, positions=0, shared_heads=settings.get("num_key_value_heads"), gated=True)
    kept = model.options.layers
    return size if size is None or kept is None else replace(size, layers=min(kept, size.layers))
