"""The engine on one machine: PostgreSQL, Airflow and the sandbox, started and kept alive."""
