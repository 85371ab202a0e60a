"""What the project runs beside the product: clients, test images, transcripts."""
