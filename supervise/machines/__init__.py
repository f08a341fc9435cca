"""Rules about what happens when. Pure: time comes in as an argument, effects go out as values."""
