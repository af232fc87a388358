"""Running networks: sessions, cards, the registry of shipped ones. The only home of ONNX Runtime."""
