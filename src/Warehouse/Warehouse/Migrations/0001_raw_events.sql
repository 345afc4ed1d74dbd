-- Every event of the log, whole and in columns, as the sink handed it over: at least once. Reads take each (partition, offset) once,
-- and of the copies of an event (customer_id, event_id) the one with the lowest offset.
-- Sorted by customer and event, so that the recompute reads customers and copies side by side, and one customer is one range.
-- No PARTITION BY: with one, every insert would make a part per partition, and parts are what inserts pay for.
-- Fresh parts are compact (one file for all columns: 60 columns cost 60 files otherwise, 2.5 times the insert time), merged ones wide.
CREATE TABLE IF NOT EXISTS raw_events
(
    {raw_event_columns}
)
ENGINE = MergeTree
ORDER BY (partition, customer_id, event_id, offset)
SETTINGS min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0, min_level_for_wide_part = 1;
