"""What the project runs beside the product: clients, test images, transcripts."""

import os

# Pages and clients are made from English help, wherever somebody makes them.
os.environ["ENTREPOT_LANG"] = "en"
