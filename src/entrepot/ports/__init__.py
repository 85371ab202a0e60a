"""The doors: what the services need from the world, as protocols."""
