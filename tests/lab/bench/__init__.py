"""The benchmark: this program beside the Python program on the same real servers, and this program alone against fast stubs."""
