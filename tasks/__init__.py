"""The tasks that come with hbench, one small file each."""
