"""Turns a diffusers pipeline into a bundle that the program can run.

Layers, low to high: errors, quiet and folder; tokenizer, identity and networks
(what goes into the bundle); single_file and pipeline (what the source holds);
checks (that the bundle is right) and evaluators; bundle (all of it, and the
manifest).
"""
