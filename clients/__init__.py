"""What talks to the service from outside: it knows the contracts, and HTTP."""
