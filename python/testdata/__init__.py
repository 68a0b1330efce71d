"""Models and bundles for the tests, made on the spot from random weights."""
