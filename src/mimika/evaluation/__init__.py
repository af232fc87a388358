"""Measuring how good a network is, ours or another: data, scores, corruptions, reports. No torch here."""
