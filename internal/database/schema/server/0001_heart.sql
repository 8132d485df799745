-- +goose Up

-- Who publishes. One server is one publisher, so there is one row.
CREATE TABLE publisher (
    id                     {{int64}} PRIMARY KEY CHECK (id = 1),
    publisher_id           TEXT NOT NULL,      -- urn:uuid:…, never changes
    name                   TEXT NOT NULL,
    time_zone              TEXT NOT NULL,      -- IANA name; subscriptions end in it
    root_certificate       {{bytes}} NOT NULL, -- DER
    root_key               {{bytes}},          -- sealed; NULL while the root is kept offline
    signing_certificate_id {{key}},            -- the one that signs now
    revocation_number      {{int64}} NOT NULL DEFAULT 0,
    revocations            TEXT NOT NULL DEFAULT '', -- the signed list of that number
    master_key_check       {{bytes}} NOT NULL, -- a sealed constant: opens with the right master key only
    created_at             {{int64}} NOT NULL
) {{strict}};

CREATE TABLE signing_certificate (
    id          {{key}} PRIMARY KEY,
    certificate {{bytes}} NOT NULL, -- DER
    private_key {{bytes}} NOT NULL, -- sealed
    signs_from  {{int64}} NOT NULL,
    signs_until {{int64}} NOT NULL, -- the certificate itself lives longer
    revoked_at  {{int64}},
    created_at  {{int64}} NOT NULL
) {{strict}};

-- The log. Rows are written unsealed; the sealer gives committed ones a position.
CREATE TABLE event (
    id              {{key}} PRIMARY KEY,
    at              {{int64}} NOT NULL,
    kind            TEXT NOT NULL,
    actor_kind      TEXT NOT NULL,
    actor_id        TEXT NOT NULL,
    on_behalf_of    TEXT,
    organization_id {{key}},
    subject_kind    TEXT NOT NULL,
    subject_id      TEXT NOT NULL,
    data            TEXT NOT NULL,
    position        {{int64}},
    hash            {{bytes}}
) {{strict}};
CREATE UNIQUE INDEX event_position ON event (position) WHERE position IS NOT NULL;
CREATE INDEX event_unsealed ON event (id) WHERE position IS NULL;
CREATE INDEX event_organization ON event (organization_id, position) WHERE position IS NOT NULL;
CREATE INDEX event_subject ON event (subject_kind, subject_id, position) WHERE position IS NOT NULL;

CREATE TABLE event_chain (
    id       {{int64}} PRIMARY KEY CHECK (id = 1),
    position {{int64}} NOT NULL,
    hash     {{bytes}} NOT NULL,
    version  {{int64}} NOT NULL
) {{strict}};

CREATE TABLE event_checkpoint (
    position  {{int64}} PRIMARY KEY,
    at        {{int64}} NOT NULL,
    hash      {{bytes}} NOT NULL,
    signature TEXT NOT NULL,
    reason    TEXT NOT NULL
) {{strict}};

CREATE TABLE organization (
    id         {{key}} PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('customer', 'partner', 'distributor')),
    name       TEXT NOT NULL,
    address    TEXT NOT NULL DEFAULT '',
    phone      TEXT NOT NULL DEFAULT '',
    country    TEXT NOT NULL DEFAULT '',   -- ISO 3166-1 alpha-2, or empty
    reference  TEXT UNIQUE,                -- its id in the publisher's other systems; imports name it
    version    {{int64}} NOT NULL DEFAULT 1,
    created_at {{int64}} NOT NULL
) {{strict}};

CREATE TABLE site (
    organization_id {{key}} NOT NULL REFERENCES organization (id) ON UPDATE CASCADE,
    id              {{key}} NOT NULL, -- made by the agent
    name            TEXT NOT NULL,
    created_at      {{int64}} NOT NULL,
    PRIMARY KEY (organization_id, id)
) {{strict}};

CREATE TABLE person (
    id          {{key}} PRIMARY KEY,
    email       TEXT NOT NULL,           -- empty once erased
    email_key   {{key}} NOT NULL UNIQUE, -- lower case, for look-up; names nobody once erased
    first_name  TEXT NOT NULL DEFAULT '',
    last_name   TEXT NOT NULL DEFAULT '',
    language    TEXT NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'ja', 'fr')),
    time_zone   TEXT NOT NULL DEFAULT '', -- IANA name; empty is the publisher's
    password    TEXT,                    -- argon2id in PHC form; NULL until one is set
    erased_at   {{int64}},
    version     {{int64}} NOT NULL DEFAULT 1,
    created_at  {{int64}} NOT NULL
) {{strict}};

CREATE TABLE staff (
    person_id  {{key}} PRIMARY KEY REFERENCES person (id) ON UPDATE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('owner', 'sales', 'support', 'auditor')),
    created_at {{int64}} NOT NULL
) {{strict}};

CREATE TABLE api_token (
    id              {{key}} PRIMARY KEY,
    person_id       {{key}} NOT NULL REFERENCES person (id) ON UPDATE CASCADE,
    organization_id {{key}} REFERENCES organization (id) ON UPDATE CASCADE, -- the only one it acts in; NULL for staff
    name            TEXT NOT NULL,
    hash            {{bytes}} NOT NULL UNIQUE, -- SHA-256 of the token
    scopes          TEXT NOT NULL,             -- separated by spaces
    created_at      {{int64}} NOT NULL,
    expires_at      {{int64}},
    last_used_at    {{int64}},
    revoked_at      {{int64}}
) {{strict}};
CREATE INDEX api_token_person ON api_token (person_id, id);

CREATE TABLE product (
    id         {{key}} PRIMARY KEY,
    code       {{key}} NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    version    {{int64}} NOT NULL DEFAULT 1,
    created_at {{int64}} NOT NULL
) {{strict}};

CREATE TABLE plan (
    id         {{key}} PRIMARY KEY,
    product_id {{key}} NOT NULL REFERENCES product (id),
    code       {{key}} NOT NULL,
    name       TEXT NOT NULL,
    policy     {{json}} NOT NULL, -- every rule that subscriptions of this plan follow
    version    {{int64}} NOT NULL DEFAULT 1,
    created_at {{int64}} NOT NULL,
    UNIQUE (product_id, code)
) {{strict}};

-- organization_id is NULL until the primary key is registered.
CREATE TABLE subscription (
    id                  {{key}} PRIMARY KEY,
    organization_id     {{key}} REFERENCES organization (id) ON UPDATE CASCADE,
    plan_id             {{key}} NOT NULL REFERENCES plan (id),
    quantity            {{int64}},          -- licenses owned; NULL is unlimited
    starts_on           TEXT NOT NULL,      -- calendar days in the publisher's zone
    ends_on             TEXT,               -- inclusive; NULL for ever
    maintenance_ends_on TEXT,
    offline_allowed     {{int64}} NOT NULL DEFAULT 0,
    offline_asked_at    {{int64}},          -- an administrator asked for it; NULL once answered
    suspended_at        {{int64}},
    canceled_on         TEXT,               -- the last day, whatever ends_on says; NULL for not canceled
    cancel_note         TEXT NOT NULL DEFAULT '', -- why, in staff's words
    sublicenses         {{int64}} NOT NULL DEFAULT 0, -- how many of its keys are sublicenses, deleted ones not counted
    state               TEXT NOT NULL DEFAULT 'not_started', -- as the log has it; reads compute it from the dates
    state_due           {{int64}},          -- when time may bring the next state; NULL for never
    reference           TEXT UNIQUE,        -- its id in the publisher's other systems; imports name it
    version             {{int64}} NOT NULL DEFAULT 1,
    created_at          {{int64}} NOT NULL,
    UNIQUE (id, organization_id)
) {{strict}};
CREATE INDEX subscription_due ON subscription (state_due) WHERE state_due IS NOT NULL;
CREATE INDEX subscription_organization ON subscription (organization_id, id);
CREATE INDEX subscription_plan ON subscription (plan_id);

CREATE TABLE license_key (
    id               {{key}} PRIMARY KEY,
    subscription_id  {{key}} NOT NULL REFERENCES subscription (id),
    organization_id  {{key}},
    kind             TEXT NOT NULL CHECK (kind IN ('primary', 'sublicense', 'product')),
    lookup           {{bytes}} NOT NULL UNIQUE, -- HMAC of the normalized key
    sealed           {{bytes}} NOT NULL,        -- the key itself, for display
    last_four        TEXT NOT NULL,
    activation_limit {{int64}},                 -- NULL is unlimited, and then activations is not kept
    activations      {{int64}} NOT NULL DEFAULT 0,
    replaced_by      {{key}} REFERENCES license_key (id),
    name             TEXT NOT NULL DEFAULT '', -- of a sublicense
    quota            {{int64}},                -- of a sublicense; NULL for other keys
    reserved         {{int64}} NOT NULL DEFAULT 0, -- whether the quota leaves the pool; else it is a cap
    ends_on          TEXT,                     -- of a sublicense, inclusive; NULL is the subscription's
    end_due          {{int64}},                -- when that end is to be recorded; NULL once it is, or for none
    deleted_at       {{int64}},
    issued_on        TEXT NOT NULL,
    version          {{int64}} NOT NULL DEFAULT 1,
    created_at       {{int64}} NOT NULL,
    UNIQUE (id, organization_id),
    FOREIGN KEY (subscription_id, organization_id) REFERENCES subscription (id, organization_id) ON UPDATE CASCADE,
    CHECK (activation_limit IS NULL OR activations <= activation_limit)
) {{strict}};
CREATE INDEX license_key_subscription ON license_key (subscription_id);
CREATE INDEX license_key_due ON license_key (end_due) WHERE end_due IS NOT NULL;
CREATE INDEX license_key_last_four ON license_key (last_four);

CREATE TABLE installation (
    id               {{key}} PRIMARY KEY, -- RFC 7638 thumbprint of its public key
    organization_id  {{key}} NOT NULL REFERENCES organization (id) ON UPDATE CASCADE,
    name             TEXT NOT NULL,
    host_name        TEXT NOT NULL,
    operating_system TEXT NOT NULL,
    software_version TEXT NOT NULL,
    fingerprint      {{json}} NOT NULL,
    notes            TEXT NOT NULL DEFAULT '',
    imported         {{int64}} NOT NULL DEFAULT 0, -- stands for one that another system licensed, without a key pair
    version          {{int64}} NOT NULL DEFAULT 1,
    created_at       {{int64}} NOT NULL,
    UNIQUE (id, organization_id)
) {{strict}};
CREATE INDEX installation_organization ON installation (organization_id, id);
CREATE INDEX installation_imported ON installation (organization_id) WHERE imported = 1;

-- The row that people see: one installation key, one site, one license type.
CREATE TABLE slot (
    id              {{key}} PRIMARY KEY,
    installation_id {{key}} NOT NULL,
    organization_id {{key}} NOT NULL,
    site_id         {{key}} NOT NULL,
    license_type    TEXT NOT NULL,
    sequence        {{int64}} NOT NULL,           -- highest accepted
    digest          {{bytes}} NOT NULL,           -- of that request
    held            {{int64}} NOT NULL,           -- highest "previous" accepted
    serial          {{int64}} NOT NULL,           -- highest issued
    answer_serial   {{int64}} NOT NULL,           -- what that request was answered with
    answer_at       {{int64}} NOT NULL,
    answer_expires  {{int64}} NOT NULL,
    described       {{bytes}} NOT NULL,           -- digest of what the installation last said of itself
    forked_at       {{int64}},
    created_at      {{int64}} NOT NULL,
    UNIQUE (installation_id, site_id, license_type),
    UNIQUE (id, organization_id),
    FOREIGN KEY (installation_id, organization_id) REFERENCES installation (id, organization_id) ON UPDATE CASCADE,
    FOREIGN KEY (organization_id, site_id) REFERENCES site (organization_id, id) ON UPDATE CASCADE
) {{strict}};

CREATE TABLE activation (
    id               {{key}} PRIMARY KEY,
    slot_id          {{key}} NOT NULL,
    organization_id  {{key}} NOT NULL,
    key_id           {{key}} NOT NULL REFERENCES license_key (id),
    subscription_id  {{key}} NOT NULL REFERENCES subscription (id),
    method           TEXT NOT NULL CHECK (method IN ('online', 'offline')),
    started_at       {{int64}} NOT NULL,
    ended_at         {{int64}},
    end_reason       TEXT,                        -- deactivated, moved, released, sublicense_ended
    end_note         TEXT NOT NULL DEFAULT '',    -- why staff released it
    used             {{int64}} NOT NULL DEFAULT 0,
    peak             {{int64}} NOT NULL DEFAULT 0,
    used_at          {{int64}},                   -- the greatest "to" reported
    over_since       {{int64}},
    over_recorded    {{int64}} NOT NULL DEFAULT 0, -- whether the log says that the row is over
    grace_due        {{int64}},                   -- when its grace ends and is to be recorded; NULL for none, or done
    last_seen_at     {{int64}} NOT NULL,
    last_reported_at {{int64}},
    expires_at       {{int64}} NOT NULL,          -- exp of the newest license
    FOREIGN KEY (slot_id, organization_id) REFERENCES slot (id, organization_id) ON UPDATE CASCADE
) {{strict}};
CREATE UNIQUE INDEX activation_live ON activation (slot_id) WHERE ended_at IS NULL;
CREATE INDEX activation_slot ON activation (slot_id, started_at);
CREATE INDEX activation_key ON activation (key_id) WHERE ended_at IS NULL;
CREATE INDEX activation_subscription ON activation (subscription_id) WHERE ended_at IS NULL;
CREATE INDEX activation_organization ON activation (organization_id, id);
CREATE INDEX activation_grace ON activation (grace_due) WHERE grace_due IS NOT NULL;

CREATE TABLE usage_report (
    activation_id {{key}} NOT NULL REFERENCES activation (id),
    metric        TEXT NOT NULL,
    to_at         {{int64}} NOT NULL,
    from_at       {{int64}} NOT NULL,
    used          {{int64}} NOT NULL,
    peak          {{int64}} NOT NULL,
    received_at   {{int64}} NOT NULL,
    PRIMARY KEY (activation_id, metric, to_at, from_at)
) {{strict}};

-- The chain starts from a fixed hash of 32 bytes, each the digit 0.
INSERT INTO event_chain (id, position, hash, version)
VALUES (1, 0, CAST('00000000000000000000000000000000' AS {{bytes}}), 0);
