"""A folder for PYTHONPATH: with it, Python imports ``sitecustomize``, and this project's modules are as on Windows."""
