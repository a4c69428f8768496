"""Training the published OFER's networks on data and weights that researchers hold."""
