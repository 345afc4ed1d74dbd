-- Erasures of customers, as the sink handed them over: at least once. What lies before the newest one of a customer counts for nothing.
-- A row goes when everything that it erased is physically gone, for it names the customer.
CREATE TABLE IF NOT EXISTS raw_erasures
(
    partition UInt16,
    offset Int64,
    appended_at Int64, -- ms
    customer_id String
)
ENGINE = ReplacingMergeTree
ORDER BY (partition, customer_id, offset);

-- What physical removal took out of raw_events, so that the totals of the log still add up: one row an erasure, without a name.
CREATE TABLE IF NOT EXISTS raw_removed
(
    partition UInt16,
    erasure Int64,
    events UInt64,
    content_hash UInt64,
    billing_amount_minor Int128
)
ENGINE = ReplacingMergeTree
ORDER BY (partition, erasure);
