-- +goose Up

-- What a publisher may set for people, and whom they may turn to.
CREATE TABLE settings (
    id       {{int64}} PRIMARY KEY CHECK (id = 1),
    settings {{json}} NOT NULL,
    version  {{int64}} NOT NULL
) {{strict}};
INSERT INTO settings (id, settings, version) VALUES (1, '{}', 1); -- what is missing is the default

CREATE TABLE session (
    id              {{key}} PRIMARY KEY,
    person_id       {{key}} NOT NULL REFERENCES person (id) ON UPDATE CASCADE,
    hash            {{bytes}} NOT NULL UNIQUE, -- SHA-256 of what the cookie holds
    stage           TEXT NOT NULL CHECK (stage IN ('second_factor', 'complete')),
    organization_id {{key}} REFERENCES organization (id) ON UPDATE CASCADE, -- the one that the person looks at
    user_agent      TEXT NOT NULL,
    address         TEXT NOT NULL,
    created_at      {{int64}} NOT NULL,
    last_seen_at    {{int64}} NOT NULL,
    expires_at      {{int64}} NOT NULL, -- whatever happens
    ended_at        {{int64}}
) {{strict}};
CREATE INDEX session_person ON session (person_id, id);

-- What a mail's link leads to: a sign-up that waits for its confirmation, a reset.
CREATE TABLE link (
    id         {{key}} PRIMARY KEY,
    purpose    TEXT NOT NULL CHECK (purpose IN ('confirm', 'reset')),
    hash       {{bytes}} NOT NULL UNIQUE, -- SHA-256 of the secret in the link
    person_id  {{key}} REFERENCES person (id) ON UPDATE CASCADE,
    email_key  {{key}} NOT NULL,
    sealed     {{bytes}},                 -- what a sign-up gave
    created_at {{int64}} NOT NULL,
    expires_at {{int64}} NOT NULL,
    used_at    {{int64}}
) {{strict}};
CREATE INDEX link_email ON link (email_key, purpose);

CREATE TABLE totp (
    person_id    {{key}} PRIMARY KEY REFERENCES person (id) ON UPDATE CASCADE,
    secret       {{bytes}} NOT NULL, -- sealed
    confirmed_at {{int64}},          -- NULL until a first code was right
    last_step    {{int64}} NOT NULL DEFAULT 0 -- of the newest code taken; older ones are replays
) {{strict}};

CREATE TABLE recovery_code (
    person_id {{key}} NOT NULL REFERENCES person (id) ON UPDATE CASCADE,
    hash      {{bytes}} NOT NULL,
    used_at   {{int64}},
    PRIMARY KEY (person_id, hash)
) {{strict}};

CREATE TABLE passkey (
    id            {{key}} PRIMARY KEY,
    person_id     {{key}} NOT NULL REFERENCES person (id) ON UPDATE CASCADE,
    credential_id {{bytes}} NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    credential    {{json}} NOT NULL, -- public key, counter and flags
    created_at    {{int64}} NOT NULL,
    last_used_at  {{int64}}
) {{strict}};
CREATE INDEX passkey_person ON passkey (person_id, id);

-- A passkey ceremony between its two steps.
CREATE TABLE ceremony (
    id         {{key}} PRIMARY KEY,
    person_id  {{key}} REFERENCES person (id) ON UPDATE CASCADE, -- NULL while nobody has signed in
    kind       TEXT NOT NULL CHECK (kind IN ('register', 'sign_in')),
    data       {{json}} NOT NULL,
    expires_at {{int64}} NOT NULL
) {{strict}};

CREATE TABLE membership (
    organization_id   {{key}} NOT NULL REFERENCES organization (id) ON UPDATE CASCADE,
    person_id         {{key}} NOT NULL REFERENCES person (id) ON UPDATE CASCADE,
    role              TEXT NOT NULL CHECK (role IN ('member', 'license_administrator', 'account_administrator')),
    volume_purchasing {{int64}} NOT NULL DEFAULT 0,
    every_site        {{int64}} NOT NULL DEFAULT 1, -- of the privilege; else those of membership_site
    blocked_at        {{int64}},
    version           {{int64}} NOT NULL DEFAULT 1,
    created_at        {{int64}} NOT NULL,
    PRIMARY KEY (organization_id, person_id)
) {{strict}};
CREATE INDEX membership_person ON membership (person_id);

CREATE TABLE membership_site (
    organization_id {{key}} NOT NULL,
    person_id       {{key}} NOT NULL,
    site_id         {{key}} NOT NULL,
    PRIMARY KEY (organization_id, person_id, site_id),
    FOREIGN KEY (organization_id, person_id) REFERENCES membership (organization_id, person_id) ON UPDATE CASCADE ON DELETE CASCADE,
    FOREIGN KEY (organization_id, site_id) REFERENCES site (organization_id, id) ON UPDATE CASCADE
) {{strict}};

-- Which keys a license administrator looks after.
CREATE TABLE key_grant (
    organization_id {{key}} NOT NULL,
    person_id       {{key}} NOT NULL,
    key_id          {{key}} NOT NULL,
    created_at      {{int64}} NOT NULL,
    PRIMARY KEY (organization_id, person_id, key_id),
    FOREIGN KEY (organization_id, person_id) REFERENCES membership (organization_id, person_id) ON UPDATE CASCADE ON DELETE CASCADE,
    FOREIGN KEY (key_id, organization_id) REFERENCES license_key (id, organization_id) ON UPDATE CASCADE
) {{strict}};
CREATE INDEX key_grant_key ON key_grant (key_id);

CREATE TABLE invitation (
    id              {{key}} PRIMARY KEY,
    organization_id {{key}} NOT NULL REFERENCES organization (id) ON UPDATE CASCADE,
    email           TEXT NOT NULL,
    email_key       {{key}} NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('member', 'license_administrator', 'account_administrator')),
    language        TEXT NOT NULL CHECK (language IN ('en', 'ja', 'fr')),
    hash            {{bytes}} NOT NULL UNIQUE, -- SHA-256 of the secret in the newest link
    invited_by      {{key}} REFERENCES person (id) ON UPDATE CASCADE, -- NULL when an order did
    expires_at      {{int64}} NOT NULL,
    accepted_at     {{int64}},
    accepted_by     {{key}} REFERENCES person (id) ON UPDATE CASCADE,
    withdrawn_at    {{int64}},
    sent_at         {{int64}} NOT NULL, -- the last time
    created_at      {{int64}} NOT NULL
) {{strict}};
CREATE UNIQUE INDEX invitation_open ON invitation (organization_id, email_key) WHERE accepted_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX invitation_email ON invitation (email_key);

-- An agent that asks to sign in by code (RFC 8628).
CREATE TABLE device_authorization (
    id              {{key}} PRIMARY KEY,
    device_hash     {{bytes}} NOT NULL UNIQUE, -- SHA-256 of the device code
    user_code       {{key}} NOT NULL UNIQUE,
    sealed          {{bytes}} NOT NULL,        -- what the agent said of itself, and its key
    state           TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'used')),
    person_id       {{key}} REFERENCES person (id) ON UPDATE CASCADE,
    organization_id {{key}} REFERENCES organization (id) ON UPDATE CASCADE,
    polled_at       {{int64}},
    poll_seconds    {{int64}} NOT NULL,        -- to wait between two polls; grows with each that came early
    created_at      {{int64}} NOT NULL,
    expires_at      {{int64}} NOT NULL
) {{strict}};

-- What a request with an Idempotency-Key made.
CREATE TABLE idempotency (
    actor       {{key}} NOT NULL,  -- the person or token
    hash        {{bytes}} NOT NULL, -- SHA-256 of the key
    operation   TEXT NOT NULL,
    digest      {{bytes}} NOT NULL, -- SHA-256 of the request
    resource_id TEXT NOT NULL,
    created_at  {{int64}} NOT NULL,
    PRIMARY KEY (actor, hash)
) {{strict}};
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE job (
    id           {{key}} PRIMARY KEY,
    kind         TEXT NOT NULL,
    payload      TEXT NOT NULL,      -- ids and figures, never a secret
    run_at       {{int64}} NOT NULL,
    attempts     {{int64}} NOT NULL DEFAULT 0,
    leased_until {{int64}},          -- while a server works on it
    last_error   TEXT NOT NULL DEFAULT '',
    created_at   {{int64}} NOT NULL,
    done_at      {{int64}},
    failed_at    {{int64}}           -- given up
) {{strict}};
CREATE INDEX job_ready ON job (run_at) WHERE done_at IS NULL AND failed_at IS NULL;
CREATE INDEX job_done ON job (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE schedule (
    name     {{key}} PRIMARY KEY,
    due_at   {{int64}} NOT NULL,
    ran_at   {{int64}}
) {{strict}};

CREATE TABLE mail (
    id             {{key}} PRIMARY KEY,
    kind           TEXT NOT NULL,      -- which mail it is, such as invitation
    recipient_hash {{bytes}} NOT NULL, -- HMAC of the address, to count and to erase by
    person_id      {{key}} REFERENCES person (id) ON UPDATE CASCADE, -- when it goes to somebody who is known
    language       TEXT NOT NULL,
    sealed         {{bytes}},          -- recipient, subject and text; NULL once erased
    attempts       {{int64}} NOT NULL DEFAULT 0,
    last_error     TEXT NOT NULL DEFAULT '',
    created_at     {{int64}} NOT NULL,
    sent_at        {{int64}},
    failed_at      {{int64}}
) {{strict}};
CREATE INDEX mail_recipient ON mail (recipient_hash, created_at);
