"""What is measured and told: evaluation, comparison, baseline, tables."""
