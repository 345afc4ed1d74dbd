-- For which purposes a customer counts: names, each with a blank on either side. A membership of before counts for none until its customer is looked at again.
ALTER TABLE segment_members ADD COLUMN purposes text NOT NULL DEFAULT '';
ALTER TABLE segment_changes ADD COLUMN purposes text NOT NULL DEFAULT '';

-- Whom the webhook is told of: only who agrees to this; empty for all.
ALTER TABLE webhooks ADD COLUMN purpose text NOT NULL DEFAULT '';

-- The secret that the newest replaced, which signs, too, until then.
ALTER TABLE webhooks ADD COLUMN previous_secret text NOT NULL DEFAULT '';
ALTER TABLE webhooks ADD COLUMN previous_until_ms bigint NOT NULL DEFAULT 0;
