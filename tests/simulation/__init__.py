"""Random histories of valid events through the real stages, on a broker in memory: seeded and deterministic.

`python -m tests.simulation --seed S` repeats one history and makes it small, `--seeds N` runs new ones.
"""
