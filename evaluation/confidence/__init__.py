"""Whether a reader knows when it is right: its calibration, and the readings it is fitted to."""
