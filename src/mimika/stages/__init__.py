"""The stages of the pipeline, each on its own."""
