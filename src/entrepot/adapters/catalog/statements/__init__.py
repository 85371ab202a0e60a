"""Every statement of the catalog, written once in SQLAlchemy Core.

One module for each aggregate; `entrepot.adapters.catalog.compile` turns their constants into the
text in `sql.py`. Nothing here is imported to serve.
"""
