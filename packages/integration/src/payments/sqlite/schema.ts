/** What the schema table says of a file with these tables. */
export const SCHEMA_VERSION = 1;

/**
 * The columns are what is searched by and what must be unique; the whole record is the JSON beside them. Names carry a
 * prefix, because the file may be an application's own.
 */
export const SCHEMA = `
CREATE TABLE ventostack_payment_schema (version INTEGER NOT NULL) STRICT;
CREATE TABLE ventostack_payments (
  id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  operation_id TEXT NOT NULL UNIQUE,
  provider TEXT NOT NULL,
  provider_id TEXT,
  status TEXT NOT NULL,
  open_since INTEGER,
  record TEXT NOT NULL,
  UNIQUE (provider, provider_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ventostack_payments_open ON ventostack_payments (open_since, id) WHERE open_since IS NOT NULL;
CREATE TABLE ventostack_refunds (
  id TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  operation_id TEXT NOT NULL UNIQUE,
  provider TEXT NOT NULL,
  provider_id TEXT,
  status TEXT NOT NULL,
  open_since INTEGER,
  payment_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  record TEXT NOT NULL,
  UNIQUE (provider, provider_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ventostack_refunds_open ON ventostack_refunds (open_since, id) WHERE open_since IS NOT NULL;
CREATE INDEX ventostack_refunds_payment ON ventostack_refunds (payment_id, created_at);
CREATE TABLE ventostack_payment_customers (
  provider TEXT NOT NULL,
  user_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (provider, user_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE ventostack_payment_events (
  provider TEXT NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (provider, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ventostack_payment_events_at ON ventostack_payment_events (at);
`;
