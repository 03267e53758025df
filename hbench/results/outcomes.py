"""One value per seed and evaluation example, packed for a result file: anyone can recompute every test from it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Encoding = Literal["bits", "float32"]
ENCODINGS: tuple[Encoding, ...] = ("bits", "float32")


@dataclass(frozen=True)
class Outcomes:
    """Per-example results of all seeds of a cell.

    count: number of evaluation examples. encoding: `bits` (0 or 1, numpy.packbits) or `float32` (little-endian).
    values: per seed the packed values in base64, None where the seed failed. cases: per example the passage or article
    it belongs to, or None when every example is its own case. gold: where a metric of two classes follows from the
    values together with the gold classes, these in base64, one bit per example, 1 for the second class; left out of the
    file when None.
    """

    count: int
    encoding: Encoding
    values: tuple[str | None, ...]
    cases: tuple[int, ...] | None = None
    gold: str | None = None

    @classmethod
    def encode(
        cls,
        rows: Sequence[npt.ArrayLike | None],
        cases: Sequence[int] | None = None,
        gold: npt.ArrayLike | None = None,
    ) -> Outcomes:
        """Pack one array (count,) per seed, None where the seed failed; as bits when all values are 0 or 1.

        gold: (count,), the gold classes 0 and 1 where they are to be published. Raises ValueError when the arrays
        differ in length or hold a value that is not finite.
        """
        arrays = [None if row is None else np.asarray(row, dtype=np.float64).reshape(-1) for row in rows]
        present = [a for a in arrays if a is not None]
        counts = {a.size for a in present} | (set() if cases is None else {len(cases)})
        if len(counts) > 1:
            raise ValueError(f"seeds and cases disagree on the number of examples: {sorted(counts)}")
        if any(not np.isfinite(a).all() for a in present):
            raise ValueError("per-example values have to be finite")
        binary = all(bool(np.isin(a, (0.0, 1.0)).all()) for a in present)
        pack = _pack_bits if binary else _pack_floats
        return cls(
            count=counts.pop() if counts else 0,
            encoding="bits" if binary else "float32",
            values=tuple(None if a is None else base64.b64encode(pack(a)).decode() for a in arrays),
            cases=None if cases is None else tuple(int(c) for c in cases),
            gold=None if gold is None else base64.b64encode(_pack_bits(np.asarray(gold))).decode(),
        )

    def decode(self, position: int) -> npt.NDArray[np.float64] | None:
        """Return the values (count,) of the seed at a position, None where it failed.

        Raises ValueError when the text is not base64 or does not hold `count` finite values.
        """
        text = self.values[position]
        if text is None:
            return None
        if self.encoding == "bits":
            return self._bits(text).astype(np.float64)
        values = np.frombuffer(self._bytes(text, 4 * self.count), "<f4").astype(np.float64)
        if not np.isfinite(values).all():
            raise ValueError("holds a value that is not finite")
        return values

    def gold_classes(self) -> npt.NDArray[np.bool_] | None:
        """Return the gold classes (count,), true for the second of two, None where the file does not say them.

        Raises ValueError when the text is not base64 or does not hold `count` bits.
        """
        return None if self.gold is None else self._bits(self.gold)

    def _bits(self, text: str) -> npt.NDArray[np.bool_]:
        packed = self._bytes(text, (self.count + 7) // 8)
        return np.unpackbits(np.frombuffer(packed, np.uint8), count=self.count).astype(bool)

    def _bytes(self, text: str, size: int) -> bytes:
        try:
            packed = base64.b64decode(text, validate=True)
        except binascii.Error:
            raise ValueError("is not base64") from None
        if len(packed) != size:
            raise ValueError(f"holds {len(packed)} bytes where {self.count} examples take {size}")
        return packed


def _pack_bits(values: npt.NDArray[np.float64]) -> bytes:
    return np.packbits(values.astype(bool)).tobytes()


def _pack_floats(values: npt.NDArray[np.float64]) -> bytes:
    return values.astype("<f4").tobytes()
