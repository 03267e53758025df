"""All that is measured on a GPU, by one command: `python -m benchmarks.gpu`; `docs/gpu.md` says how to read it."""
