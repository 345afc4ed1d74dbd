-- First and last digits of card numbers, encrypted; a row's name cannot be joined to a token without the key.
CREATE TABLE card_digits(name text PRIMARY KEY, sealed bytea NOT NULL);
