"""The yardstick: how good an expression model is, on any labelled set of faces. Numpy and the pipeline, no torch."""
