"""The benchmarks of the paper, NoW and CO-545: predictions against scans that the user holds."""
