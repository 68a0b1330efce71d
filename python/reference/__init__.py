"""Reference values for the tests, computed with diffusers and transformers."""
