"""What is measured: speed, memory and growth, beside what others use. Nothing here fails when a machine is slow."""
