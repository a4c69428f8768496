"""What only a GPU can show: each row compares a result on the device with what it must equal.

`run` is the command line, `bench` how much is computed and how it is timed, `difference` how far
two results are apart; every other module holds checks of one kind, each of which yields rows.
"""
