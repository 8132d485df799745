-- +goose Up

-- What the exchange must remember: the key pair of the installation, and per
-- slot its sequence, its license and a request that has not been answered yet.
-- One row, sealed, since it holds the private key and pending license keys.
CREATE TABLE installation (
    id     {{int64}} PRIMARY KEY CHECK (id = 1),
    record {{bytes}} NOT NULL
) {{strict}};

CREATE TABLE site (
    id         {{key}} PRIMARY KEY, -- UUID made here; the publisher knows the site by it
    name       TEXT NOT NULL,
    name_key   {{key}} NOT NULL UNIQUE, -- lower case, for look-up
    is_default {{int64}} NOT NULL DEFAULT 0,
    created_at {{int64}} NOT NULL
) {{strict}};
CREATE UNIQUE INDEX site_default ON site (is_default) WHERE is_default = 1;

-- Where facts about devices come from. All devices of a source are at its site.
CREATE TABLE source (
    name       {{key}} PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('api', 'csv', 'nanomdm')),
    site_id    {{key}} NOT NULL REFERENCES site (id),
    secret     {{bytes}}, -- sealed; signs the webhook's bodies
    created_at {{int64}} NOT NULL,
    heard_at   {{int64}}  -- the last fact that was taken
) {{strict}};

-- Identifiers are stored in upper case; the empty string is none.
CREATE TABLE device (
    id            {{key}} PRIMARY KEY,
    serial_number {{key}} NOT NULL,
    udid          {{key}} NOT NULL,
    enrollment_id {{key}} NOT NULL,
    platform      TEXT NOT NULL CHECK (platform IN ('', 'mac', 'mobile')),
    name          TEXT NOT NULL,
    model         TEXT NOT NULL,
    os_version    TEXT NOT NULL,
    managed       {{int64}} NOT NULL, -- whether at least one source manages it
    site_id       {{key}} NOT NULL REFERENCES site (id),
    first_seen_at {{int64}} NOT NULL,
    last_seen_at  {{int64}} NOT NULL
) {{strict}};
CREATE UNIQUE INDEX device_serial_number ON device (serial_number) WHERE serial_number <> '';
CREATE UNIQUE INDEX device_udid ON device (udid) WHERE udid <> '';
CREATE UNIQUE INDEX device_enrollment_id ON device (enrollment_id) WHERE enrollment_id <> '';
CREATE INDEX device_counted ON device (site_id, platform) WHERE managed = 1;
CREATE INDEX device_unclassified ON device (id) WHERE managed = 1 AND platform = '';

-- What one source says about one device.
CREATE TABLE sighting (
    device_id  {{key}} NOT NULL REFERENCES device (id),
    source     {{key}} NOT NULL REFERENCES source (name),
    state      TEXT NOT NULL CHECK (state IN ('enrolling', 'managed', 'gone')),
    managed_at {{int64}},          -- when the present management began
    event_at   {{int64}} NOT NULL, -- by the source's clock; older events change nothing
    seen_at    {{int64}} NOT NULL, -- by the agent's clock
    PRIMARY KEY (device_id, source)
) {{strict}};
CREATE INDEX sighting_source ON sighting (source, device_id);

-- The count of a row: one site, one license type.
CREATE TABLE row_usage (
    site_id      {{key}} NOT NULL REFERENCES site (id),
    license_type {{key}} NOT NULL,
    used         {{int64}} NOT NULL,
    peak         {{int64}} NOT NULL, -- since period_from
    period_from  {{int64}} NOT NULL,
    PRIMARY KEY (site_id, license_type)
) {{strict}};

-- Closed periods that the publisher has not confirmed yet.
CREATE TABLE usage_period (
    id           {{key}} PRIMARY KEY,
    site_id      {{key}} NOT NULL,
    license_type {{key}} NOT NULL,
    from_at      {{int64}} NOT NULL,
    to_at        {{int64}} NOT NULL,
    used         {{int64}} NOT NULL,
    peak         {{int64}} NOT NULL,
    FOREIGN KEY (site_id, license_type) REFERENCES row_usage (site_id, license_type)
) {{strict}};
CREATE INDEX usage_period_row ON usage_period (site_id, license_type, to_at);

-- When a row is due to talk to the publisher, and how it went last time.
CREATE TABLE duty (
    site_id      {{key}} NOT NULL,
    license_type {{key}} NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('sync', 'report')),
    due_at       {{int64}} NOT NULL,
    done_at      {{int64}},
    failures     {{int64}} NOT NULL,
    failed_since {{int64}},
    code         TEXT NOT NULL, -- of the last failure
    message      TEXT NOT NULL,
    PRIMARY KEY (site_id, license_type, kind),
    FOREIGN KEY (site_id, license_type) REFERENCES row_usage (site_id, license_type)
) {{strict}};

-- What the Problem Monitor shows. A problem that ended stays until that was logged.
CREATE TABLE open_problem (
    site_id      {{key}} NOT NULL, -- empty: of the agent as a whole
    license_type {{key}} NOT NULL, -- empty: of no single row
    code         {{key}} NOT NULL,
    severity     TEXT NOT NULL CHECK (severity IN ('warning', 'critical')),
    message      TEXT NOT NULL,
    remedies     TEXT NOT NULL,    -- JSON
    since        {{int64}} NOT NULL,
    ended_at     {{int64}},
    logged_at    {{int64}},        -- when the start, or the last reminder, was logged
    PRIMARY KEY (site_id, license_type, code)
) {{strict}};
