"""The windows: what clients see, translated to and from service calls."""
