"""This service and a stock BentoML service, asked and ill-treated in the same way."""
