"""Complete or absent: passages, checkpoints, generations, and which of these serves."""
