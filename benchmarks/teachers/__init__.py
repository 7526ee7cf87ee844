"""Teachers, objectives and students beside one another on one corpus: figures, costs and claims."""
