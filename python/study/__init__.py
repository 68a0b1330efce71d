"""The parts of scripts/study.py: what governs erasure on the demo model."""
