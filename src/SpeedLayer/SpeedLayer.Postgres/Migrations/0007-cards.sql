-- Whose a card is: the newest `card` event of each token.
CREATE TABLE cards(
    token text PRIMARY KEY,
    customer bytea NOT NULL,
    active boolean NOT NULL,
    occurred_at bigint NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL);
CREATE INDEX cards_by_customer ON cards(customer);

-- Two tokens of one card, of keys that followed each other.
CREATE TABLE card_links(newer text PRIMARY KEY, older text NOT NULL);
CREATE INDEX card_links_by_older ON card_links(older);
