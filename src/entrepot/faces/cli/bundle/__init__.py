"""`entrepot bundle`: all that an installation without a network needs."""
