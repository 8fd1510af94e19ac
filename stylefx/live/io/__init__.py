"""Sound devices and files as the worker sees them."""
