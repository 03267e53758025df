"""What work costs: the cost model, bills, budgets, and what methods share."""
