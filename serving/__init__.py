"""What stands behind `service.py`: artifact, estimator, runner, batcher, HTTP front."""
