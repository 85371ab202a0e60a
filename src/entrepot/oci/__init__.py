"""The language: values of the OCI image and distribution specifications."""
