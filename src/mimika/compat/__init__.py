"""The shapes that users of other tools know."""
