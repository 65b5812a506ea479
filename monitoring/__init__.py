"""What is known of a running service: logs and metrics."""
