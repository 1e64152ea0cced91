"""The doctor: whether both systems fit a merchant's file."""
