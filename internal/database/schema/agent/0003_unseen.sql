-- +goose Up

-- When the device was freed, since nothing had told of it for long; NULL: it was not.
ALTER TABLE sighting ADD COLUMN freed_at {{int64}};

CREATE INDEX device_unseen ON device (last_seen_at) WHERE managed = 1;

-- When a source told nothing for a day or longer. What is not heard of meanwhile may
-- be there all the same.
CREATE TABLE silence (
    source  {{key}} NOT NULL REFERENCES source (name),
    from_at {{int64}} NOT NULL,
    to_at   {{int64}} NOT NULL,
    PRIMARY KEY (source, from_at)
) {{strict}};
