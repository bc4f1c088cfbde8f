"""What is asked of many runs at once, kept in a database that can always be made anew from the folders."""
