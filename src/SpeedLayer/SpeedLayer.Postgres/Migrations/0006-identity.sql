-- Who is one person with whom: an append-only log. Records about somebody who was erased are made blank.
CREATE TABLE identity_log(
    number bigint PRIMARY KEY,
    link uuid NOT NULL,
    record text NOT NULL);
CREATE INDEX identity_log_by_link ON identity_log(link);

-- One row: who appends takes it first and holds it, so numbers become visible in their order and without gaps.
CREATE TABLE identity_head(last bigint NOT NULL);
INSERT INTO identity_head(last) VALUES (0);

-- Positions of the other members of a person, added up, and the record that made it what it is.
ALTER TABLE segment_members ADD COLUMN others_at bigint NOT NULL DEFAULT 0, ADD COLUMN linked bigint NOT NULL DEFAULT 0;
ALTER TABLE segment_changes ADD COLUMN others_at bigint NOT NULL DEFAULT 0, ADD COLUMN linked bigint NOT NULL DEFAULT 0;
