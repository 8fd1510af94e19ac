"""The style file: arrays, metadata, the archive they are kept in, and the catalogue of methods."""
