"""Ways of searching, one a file: each says from the trials there are which come next."""
