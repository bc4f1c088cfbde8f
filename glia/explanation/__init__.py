"""What a network is and does, shown: curves, pictures, words."""
