"""Fine-tuning: model loading, batches, the loop, and what is observed of each example on the way."""
