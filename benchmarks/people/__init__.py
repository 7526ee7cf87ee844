"""What feedback is worth, and what wrong feedback costs: simulated people about known questions."""
