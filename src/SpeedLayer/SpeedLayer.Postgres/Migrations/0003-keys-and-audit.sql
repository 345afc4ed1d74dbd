CREATE TABLE api_keys(
    seq bigint GENERATED ALWAYS AS IDENTITY,
    id text PRIMARY KEY,
    name text NOT NULL,
    roles text NOT NULL, -- names, with blanks between
    pii boolean NOT NULL,
    hash bytea NOT NULL,
    created_at_ms bigint NOT NULL,
    created_by text NOT NULL,
    expires_at_ms bigint,
    revoked_at_ms bigint,
    requests_per_second integer);

CREATE TABLE api_keys_version(n bigint NOT NULL);
INSERT INTO api_keys_version(n) VALUES (0);

-- A row is what a node wrote at once: whole entries of its chain.
CREATE TABLE audit(
    chain text NOT NULL,
    first bigint NOT NULL,
    entries integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (chain, first));
ALTER TABLE audit ALTER COLUMN bytes SET STORAGE EXTERNAL; -- hashes do not compress
