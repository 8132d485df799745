-- +goose Up

-- What was agreed on with a customer.
CREATE TABLE sales_order (
    id              {{key}} PRIMARY KEY,
    organization_id {{key}} REFERENCES organization (id) ON UPDATE CASCADE, -- NULL for keys that anybody may register
    channel         TEXT NOT NULL CHECK (channel IN ('direct', 'reseller')),
    reseller        TEXT NOT NULL DEFAULT '',
    contact_name    TEXT NOT NULL DEFAULT '',
    contact_email   TEXT NOT NULL DEFAULT '',
    contact_phone   TEXT NOT NULL DEFAULT '',
    contact_url     TEXT NOT NULL DEFAULT '',
    primary_email   TEXT NOT NULL DEFAULT '', -- of the purchase; invited when the organization is new (R2)
    reference       TEXT NOT NULL DEFAULT '', -- the customer's or reseller's number
    placed_on       TEXT NOT NULL,            -- calendar day in the publisher's zone
    created_at      {{int64}} NOT NULL
) {{strict}};
CREATE INDEX sales_order_organization ON sales_order (organization_id, id);

CREATE TABLE order_line (
    order_id        {{key}} NOT NULL REFERENCES sales_order (id),
    line            {{int64}} NOT NULL, -- from 1
    subscription_id {{key}} NOT NULL REFERENCES subscription (id),
    action          TEXT NOT NULL CHECK (action IN ('new', 'renewal', 'quantity')),
    quantity_before {{int64}},
    quantity        {{int64}}, -- NULL is unlimited
    ends_before     TEXT,
    ends_on         TEXT,      -- of the subscription, or of maintenance where the plan is perpetual
    PRIMARY KEY (order_id, line)
) {{strict}};
CREATE INDEX order_line_subscription ON order_line (subscription_id, order_id);
