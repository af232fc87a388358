"""The server: an HTTP and socket interface over the pipeline and the store, and the page it serves."""
