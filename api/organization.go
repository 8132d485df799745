package api

import "time"

// Organization is a business account.
type Organization struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" doc:"customer, partner or distributor."`
	Name      string    `json:"name"`
	Address   string    `json:"address"`
	Phone     string    `json:"phone"`
	Country   string    `json:"country" doc:"ISO 3166-1 alpha-2, or empty."`
	Reference string    `json:"reference,omitempty" doc:"Its id in the publisher's other systems; only staff see it."`
	Version   int64     `json:"version" doc:"Grows by one with each change."`
	CreatedAt time.Time `json:"created_at"`
}

// NewOrganization creates an organization.
type NewOrganization struct {
	Kind      string `json:"kind" enum:"customer,partner,distributor"`
	Name      string `json:"name" example:"Blue Harbor" maxLength:"200"`
	Address   string `json:"address,omitempty" maxLength:"500" doc:"Perhaps on several lines."`
	Phone     string `json:"phone,omitempty" maxLength:"40"`
	Country   string `json:"country,omitempty" maxLength:"2" example:"CH" doc:"ISO 3166-1 alpha-2."`
	Reference string `json:"reference,omitempty" maxLength:"200" doc:"Its id in the publisher's other systems."`
}

// OrganizationFilter chooses organizations. Empty members choose all.
type OrganizationFilter struct {
	Kind   string
	Search string // part of the name or of the reference
}

// Publisher is whoever runs the server.
type Publisher struct {
	ID               string    `json:"id" doc:"urn:uuid:…; names the publisher in every signed message and never changes."`
	Name             string    `json:"name"`
	TimeZone         string    `json:"time_zone" doc:"IANA name; subscriptions start and end in it."`
	PublicURL        string    `json:"public_url" doc:"Where agents and people reach the server."`
	Root             string    `json:"root" doc:"The trust file that verifiers are configured with, PEM. It holds no secret."`
	RevocationNumber int64     `json:"revocation_number" doc:"Of the newest list of revoked signing certificates; 0 is none."`
	CreatedAt        time.Time `json:"created_at"`
}
