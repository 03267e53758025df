"""`python -m hbench.cli`: the same as `hbench`; worker processes are started this way."""

from hbench.cli import main

if __name__ == "__main__":
    main(prog_name="hbench")
