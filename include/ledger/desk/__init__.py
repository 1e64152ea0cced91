"""What an operator looks at over all merchants: the board, the inbox, the search."""
