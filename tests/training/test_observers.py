"""Observers note values where they are computed and write them once an epoch."""

from __future__ import annotations

import numpy as np
import torch

from hbench.training.observers import Observer


def test_values_are_written_when_the_epoch_is_finished_and_into_its_row() -> None:
    observer = Observer("epoch_end", (2, 5), ("all",), size=4, width=2, embeddings=("mean",))
    for epoch in (2, 5):
        for members in (np.array([3, 0]), np.array([1])):
            values = torch.tensor(members * 10.0 + epoch)[:, None].expand(-1, 2)
            observer.keep(members, values)
            observer.keep_norms(members, {"all": values[:, 0]})
            observer.keep_embedding(members, "mean", values.bfloat16())
        assert torch.isnan(observer._kept[observer._slot[epoch]]).all()
        observer.finish(epoch)
    expected = torch.tensor([[2.0, 12, torch.nan, 32], [5, 15, torch.nan, 35]])
    torch.testing.assert_close(observer._kept, expected[..., None].expand(-1, -1, 2), equal_nan=True)
    torch.testing.assert_close(observer._norms["all"], expected, equal_nan=True)
    assert observer._embedded["mean"].dtype == torch.float32
    torch.testing.assert_close(observer._embedded["mean"][..., 0], expected, equal_nan=True, rtol=1e-2, atol=0.2)


def test_an_epoch_that_is_not_watched_is_not_wanted() -> None:
    observer = Observer("train", (1, 3), (), size=1, width=1)
    assert [observer.wants(epoch) for epoch in (1, 2, 3)] == [True, False, True]
