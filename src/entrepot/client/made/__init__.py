"""Made by `python -m tools.client` from the API's description; do not edit."""
