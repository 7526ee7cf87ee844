"""Real processes: whole lives, kills at the worst moments, and the circle of all of them."""
