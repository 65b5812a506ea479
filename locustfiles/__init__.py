"""Load tests for Locust: one file per traffic shape. What begins with an underscore is no shape."""
