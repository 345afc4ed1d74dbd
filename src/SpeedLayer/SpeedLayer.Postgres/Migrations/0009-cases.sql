-- One row for each transaction that somebody should look at, and what became of it.
CREATE TABLE fraud_cases(
    number bigint PRIMARY KEY,
    customer bytea NOT NULL,
    transaction_id text NOT NULL,
    partition integer NOT NULL,
    log_offset bigint NOT NULL,
    occurred_at bigint NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    decision integer NOT NULL,
    score double precision NOT NULL, -- -1 for none
    judgement text NOT NULL,
    alerted_at_ms bigint NOT NULL,
    state integer NOT NULL,
    assignee text NOT NULL,
    version bigint NOT NULL,
    changed_at_ms bigint NOT NULL,
    label_due bigint NOT NULL, -- version of the verdict that the log has not got yet; 0 for none
    verdict_at_ms bigint NOT NULL DEFAULT 0,
    verdict_fraud bigint NOT NULL DEFAULT 0,
    UNIQUE (customer, transaction_id));
CREATE INDEX fraud_cases_by_state ON fraud_cases(state, number);
CREATE INDEX fraud_cases_with_labels ON fraud_cases(number) WHERE label_due > 0;

CREATE TABLE fraud_case_entries(
    number bigint NOT NULL,
    place bigint NOT NULL,
    at_ms bigint NOT NULL,
    by_whom text NOT NULL,
    what text NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (number, place));

-- One row: who adds alerts takes it first and holds it, so numbers become visible in their order.
CREATE TABLE fraud_case_feed(last bigint NOT NULL);
INSERT INTO fraud_case_feed(last) VALUES (0);

-- What it is told of: 0 changes of segments, 1 fraud alerts; the numbers of its deliveries are those of segment_changes or fraud_cases.
ALTER TABLE webhooks ADD COLUMN topic bigint NOT NULL DEFAULT 0;
