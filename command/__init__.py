"""The command line: the one place that puts the processes' parts together.

It reads flags, the environment and `reread.toml`, builds every object once and hands it down.
"""
