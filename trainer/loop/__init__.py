"""The trainer process: jobs, rounds, the gate, and the build of what passed it."""
