-- Who owns a partition. The generation only grows; it is the fence of every checkpoint.
CREATE TABLE leases(
    partition integer PRIMARY KEY,
    generation bigint NOT NULL,
    owner text NOT NULL,
    expires_at timestamptz NOT NULL);

CREATE TABLE checkpoints(
    partition integer PRIMARY KEY,
    applied bigint NOT NULL,
    generation bigint NOT NULL,
    worker bytea NOT NULL,
    checksum bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now());

-- Half-empty pages let a new version of a row stay on its page: no index entry, and the page cleans itself.
CREATE TABLE entities(
    partition integer NOT NULL,
    customer bytea NOT NULL,
    state bytea NOT NULL,
    checksum bigint NOT NULL,
    PRIMARY KEY (partition, customer)) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- Encoded states hardly compress, and trying costs more than writing them.
ALTER TABLE entities ALTER COLUMN state SET STORAGE EXTERNAL;

-- The second half of a checkpoint, after its rows were copied into the session's staged_entities: one call, so that a client that freezes
-- leaves no lock behind. SQLSTATE LF001: fenced, the message is the newer generation.
CREATE FUNCTION write_checkpoint(of_partition integer, new_applied bigint, new_generation bigint, new_worker bytea, new_checksum bigint, is_staged boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    newest bigint;
BEGIN
    -- One writer a partition: a new owner waits here for what the old one had already sent, instead of dying in a deadlock with it.
    PERFORM pg_advisory_xact_lock('leases'::regclass::oid::integer, of_partition);
    SELECT max(generation) INTO newest FROM (
        SELECT generation FROM leases WHERE partition = of_partition UNION ALL SELECT generation FROM checkpoints WHERE partition = of_partition) AS known;
    IF newest > new_generation THEN
        RAISE EXCEPTION USING ERRCODE = 'LF001', MESSAGE = newest::text;
    END IF;

    IF is_staged THEN
        DELETE FROM entities AS e USING staged_entities AS s WHERE e.partition = of_partition AND e.customer = s.customer AND s.state IS NULL;
        INSERT INTO entities(partition, customer, state, checksum)
            SELECT of_partition, customer, state, checksum FROM staged_entities WHERE state IS NOT NULL
            ON CONFLICT (partition, customer) DO UPDATE SET state = excluded.state, checksum = excluded.checksum;
    END IF;

    -- The fence comes last, so that a new owner waits for a commit and not for the rows. KEY SHARE lets renewals pass; acquiring locks FOR UPDATE.
    INSERT INTO leases(partition, generation, owner, expires_at) VALUES (of_partition, 0, '', '-infinity') ON CONFLICT DO NOTHING;
    SELECT generation INTO newest FROM leases WHERE partition = of_partition FOR KEY SHARE;
    IF newest > new_generation THEN
        RAISE EXCEPTION USING ERRCODE = 'LF001', MESSAGE = newest::text;
    END IF;
    INSERT INTO checkpoints(partition, applied, generation, worker, checksum) VALUES (of_partition, new_applied, new_generation, new_worker, new_checksum)
        ON CONFLICT (partition) DO UPDATE
        SET applied = excluded.applied, generation = excluded.generation, worker = excluded.worker, checksum = excluded.checksum, written_at = now();
END $$;

-- A generation, or in how many milliseconds the owner of now loses it. Whoever holds the lease and asks again gets a new generation at once.
CREATE FUNCTION acquire_lease(of_partition integer, new_owner text, lasts interval, OUT granted bigint, OUT held_by text, OUT free_in_ms bigint)
LANGUAGE plpgsql AS $$
DECLARE
    held leases%ROWTYPE;
BEGIN
    INSERT INTO leases(partition, generation, owner, expires_at) VALUES (of_partition, 0, '', '-infinity') ON CONFLICT DO NOTHING;
    SELECT * INTO held FROM leases WHERE partition = of_partition FOR UPDATE;
    IF held.owner <> new_owner AND held.expires_at > clock_timestamp() THEN
        held_by := held.owner;
        free_in_ms := ceil(extract(epoch FROM held.expires_at - clock_timestamp()) * 1000);
        RETURN;
    END IF;
    SELECT greatest(held.generation, max(generation)) + 1 INTO granted FROM checkpoints WHERE partition = of_partition;
    UPDATE leases SET generation = granted, owner = new_owner, expires_at = clock_timestamp() + lasts WHERE partition = of_partition;
END $$;
