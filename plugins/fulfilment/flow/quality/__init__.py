"""The rules that judge an order, and what they found."""
