"""From a question to ranked pairs and a confidence."""
