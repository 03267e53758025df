"""Where jobs run: in this process, in several processes of this machine, or wherever an entry point says."""
