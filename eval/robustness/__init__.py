"""Files made to harm, damaged files, kills."""
