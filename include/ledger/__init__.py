"""The ledger: tables, migrations, and all SQL of the project."""

#: environment variable with the ledger's address, as SQLAlchemy writes it
URL_VARIABLE = "FULFILMENT_DATABASE_URL"
