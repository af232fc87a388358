"""Learning and measuring: the only home of torch. Needs the extra `train`."""
