-- +goose Up

-- Whom this agent belongs to, and since which release that is settled: the one of
-- the first activation, or of the last sign-in.
CREATE TABLE organization (
    id              {{int64}} PRIMARY KEY CHECK (id = 1),
    organization_id TEXT NOT NULL, -- as the publisher knows it; empty before the first sign-in
    name            TEXT NOT NULL,
    release         TEXT NOT NULL, -- empty: one that nobody noted
    signed_in_at    {{int64}}
) {{strict}};

-- A sign-in by code of a row: one that goes on, or how the last one went. Sealed,
-- since it holds the device code, the license key and for a while a token.
CREATE TABLE sign_in (
    site_id      {{key}} NOT NULL,
    license_type {{key}} NOT NULL,
    id           {{key}} NOT NULL,
    record       {{bytes}} NOT NULL,
    due_at       {{int64}}, -- when it goes on; NULL: it has ended
    PRIMARY KEY (site_id, license_type),
    FOREIGN KEY (site_id, license_type) REFERENCES row_usage (site_id, license_type)
) {{strict}};
