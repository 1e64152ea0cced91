"""What each task of a merchant's DAG does, in its order."""
