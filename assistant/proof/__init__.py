"""Whether a text was filed, and files that prove a quote."""
