"""What keeps an installation safe: its keys, its copies, its settings checked before a start."""
