"""Building the open head: MakeHuman's CC0 data cut to a head, with a prior measured on scans."""
