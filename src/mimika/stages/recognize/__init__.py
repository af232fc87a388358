"""Recognising what a face shows."""
