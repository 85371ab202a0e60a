"""Harbor's API v2.0, on our services: nothing below knows Harbor's names."""
