"""The loans of a user's SBA file, sent through a running service in the order they were approved.

`python -m examples.replay --data FILE --class-weights 74.020,15.764`; see docs/replay.md.
"""
