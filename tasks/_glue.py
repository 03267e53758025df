"""What tasks of GLUE share: the repository on the hub, and the recipe of pruning while training."""

from __future__ import annotations

from hbench import Hub

LICENCE = "none stated by the authors; research use"
#: Attendu and Corbeil 2023, arXiv 2306.03208.
RECIPE = {"epochs": 10, "batch_size": 32, "learning_rate": 2e-5, "schedule": "constant", "max_length": 256}


def glue(config: str) -> Hub:
    """Return a config of GLUE at the pinned revision."""
    return Hub("nyu-mll/glue", config, "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c")
