CREATE TABLE sink_progress(
    partition integer PRIMARY KEY,
    next bigint NOT NULL,
    events bigint NOT NULL,
    hash_sum bigint NOT NULL, -- the unsigned sum's bits
    billing_minor_sum numeric(39) NOT NULL);

CREATE TABLE sink_barriers(
    partition integer NOT NULL,
    epoch bigint NOT NULL,
    next bigint NOT NULL,
    events bigint NOT NULL,
    hash_sum bigint NOT NULL,
    billing_minor_sum numeric(39) NOT NULL,
    PRIMARY KEY (partition, epoch));

CREATE TABLE quarantine(
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ms bigint NOT NULL,
    source text NOT NULL,
    line bigint NOT NULL,
    field text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    raw bytea NOT NULL,
    fingerprint bigint NOT NULL, -- leads to the row, which is then compared
    replayed_at_ms bigint);
CREATE INDEX quarantine_open_by_fingerprint ON quarantine(fingerprint) WHERE replayed_at_ms IS NULL;
CREATE INDEX quarantine_open_by_reason ON quarantine(reason, id) WHERE replayed_at_ms IS NULL;

CREATE TABLE facts(
    name text PRIMARY KEY,
    value text NOT NULL);

CREATE TABLE definitions(
    seq bigint GENERATED ALWAYS AS IDENTITY,
    hash text PRIMARY KEY,
    name text NOT NULL,
    text text NOT NULL);

CREATE TABLE run_events(
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run text NOT NULL,
    event text NOT NULL);

CREATE TABLE imports(
    key text PRIMARY KEY,
    progress text NOT NULL);
