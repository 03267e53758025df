"""How much a scorer's answer depends on the number of runs and epochs, from the dynamics of finished runs alone."""

from __future__ import annotations
