"""A head as a web page: a folder that opens from disk in any browser, with nothing to install."""
