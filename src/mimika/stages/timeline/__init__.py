"""What a face does over time: smoothing, baseline, episodes, micro-expressions, states."""
