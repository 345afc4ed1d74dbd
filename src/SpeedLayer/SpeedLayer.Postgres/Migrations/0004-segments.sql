-- The change by which a customer came into a segment it is in.
CREATE TABLE segment_members(
    customer bytea NOT NULL,
    segment text NOT NULL,
    definition text NOT NULL,
    partition integer NOT NULL,
    log_offset bigint NOT NULL,
    day integer NOT NULL,
    cause integer NOT NULL,
    at_ms bigint NOT NULL,
    PRIMARY KEY (customer, segment));

CREATE TABLE segment_changes(
    number bigint PRIMARY KEY,
    entered bigint NOT NULL,
    customer bytea NOT NULL,
    segment text NOT NULL,
    definition text NOT NULL,
    partition integer NOT NULL,
    log_offset bigint NOT NULL,
    day integer NOT NULL,
    cause integer NOT NULL,
    at_ms bigint NOT NULL);
CREATE INDEX segment_changes_by_customer ON segment_changes(customer, number);
CREATE INDEX segment_changes_by_time ON segment_changes(at_ms);

-- One row: who records changes takes it first and holds it, so numbers become visible in their order.
CREATE TABLE segment_feed(last bigint NOT NULL);
INSERT INTO segment_feed(last) VALUES (0);

CREATE TABLE segment_sweeps(
    partition integer PRIMARY KEY,
    definition text NOT NULL,
    day integer NOT NULL);

CREATE TABLE webhooks(
    id text PRIMARY KEY,
    url text NOT NULL,
    segments text NOT NULL, -- names, each with a blank on either side; empty for all
    enabled bigint NOT NULL,
    secret text NOT NULL,
    created_by text NOT NULL,
    created_at_ms bigint NOT NULL);

CREATE TABLE webhook_deliveries(
    webhook text NOT NULL,
    number bigint NOT NULL,
    customer bytea NOT NULL,
    attempts integer NOT NULL,
    due_ms bigint NOT NULL, -- claimed until then, or to be tried again then
    dead bigint NOT NULL,
    error text NOT NULL,
    PRIMARY KEY (webhook, number));
CREATE INDEX webhook_deliveries_by_customer ON webhook_deliveries(customer, webhook, number);
CREATE INDEX webhook_deliveries_by_number ON webhook_deliveries(number);
