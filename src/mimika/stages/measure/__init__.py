"""Measuring a face: its mesh and the pose of the head."""
