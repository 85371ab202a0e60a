"""What others are told of events, and how it is written for each of them."""
