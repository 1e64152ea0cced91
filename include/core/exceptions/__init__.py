"""What a person should look at, and when it is over."""
