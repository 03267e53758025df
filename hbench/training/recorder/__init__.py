"""Dynamics of trainings that are not hbench's own: a run of transformers' Trainer, or a plain loop of PyTorch.

The examples of a batch are known by their positions in the data set, which travel with the batch; what the model
answers is taken from its own forward pass. Nothing of the training changes: not its order, its numbers or its bits.
"""
