"""The question generator: documentation-like pages with questions, answers and distractors."""
