"""What a terminal shows: progress, bars, tables."""
