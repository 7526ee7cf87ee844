"""What a terminal shows and what is typed at it: progress, bars, tables, flags."""
