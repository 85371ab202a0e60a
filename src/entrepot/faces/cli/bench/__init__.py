"""`entrepot bench`: an honest load on any registry, or on two by turns."""
