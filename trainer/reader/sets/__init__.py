"""Public question sets made into training questions: where each comes from, how each is read."""
