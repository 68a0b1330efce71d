"""The demo pipeline: scenes, its small networks and how they are trained."""
