package licensefile

import "time"

// Kind says what a request asks for. Unknown kinds are refused.
type Kind string

// The kinds of request.
const (
	KindPreview    Kind = "preview"    // what an activation would grant; changes nothing
	KindActivate   Kind = "activate"   // bind a key to a slot; answered with a license
	KindRefresh    Kind = "refresh"    // fetch the current license of a slot
	KindReport     Kind = "report"     // deliver usage; answered with a receipt
	KindCheckIn    Kind = "check_in"   // call home: renew the lease, deliver usage; answered with a license
	KindDeactivate Kind = "deactivate" // release the key; answered with a receipt
)

// Method is how a request travels. It is signed, so the door through which a
// request arrives decides nothing.
type Method string

// The methods.
const (
	Online  Method = "online"
	Offline Method = "offline"
)

// Request is the payload of a signed request: what an installation asks of a
// publisher. Instants are UTC; iat travels in whole seconds.
type Request struct {
	Kind   Kind   `json:"kind"`
	Method Method `json:"method"`

	// Audience is the publisher id (urn:uuid:…) that the request is meant for.
	Audience string `json:"aud"`

	// IssuedAt is the installation's own clock. A server never refuses for it.
	IssuedAt NumericDate `json:"iat"`

	// Nonce makes two otherwise equal requests differ. At least 16 characters.
	Nonce string `json:"nonce"`

	// Key is present only in preview and activate.
	Key string `json:"key,omitempty"`

	Slot  SlotRef `json:"slot"`
	About About   `json:"about"`

	// Usage holds at most MaxUsage periods; present in activate, report,
	// check_in, deactivate and in a refresh by file.
	Usage []Usage `json:"usage,omitempty"`

	// OverSince is when usage first exceeded the maximum (R5), if it did since
	// the maximum was last raised.
	OverSince *time.Time `json:"over_since,omitempty"`

	// Sequence counts a slot's requests from 1; preview has none.
	Sequence int64 `json:"sequence,omitempty"`

	// Previous is the serial of the license held for the slot, 0 with none.
	Previous int64 `json:"previous"`

	// Revocations is the number of the revocation list held, 0 with none.
	Revocations int64 `json:"revocations"`
}

// SlotRef names a slot inside an installation: a site and a license type. The
// installation itself is named by the key that signs the request.
type SlotRef struct {
	Site        Site   `json:"site"`
	LicenseType string `json:"license_type"`
}

// Site is a named part of an organization. ID is a UUID that the agent made;
// Name is a label and may change.
type Site struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// About describes the software and the machine that ask. Nothing in it decides
// anything but Product, which must be the key's product.
type About struct {
	Product         string `json:"product"`
	Version         string `json:"version,omitempty"`
	HostName        string `json:"host_name,omitempty"`
	OperatingSystem string `json:"operating_system,omitempty"`

	// Fingerprint holds salted hashes of parts of the machine, by part, so that
	// people can compare the two sides of a fork.
	Fingerprint map[string]string `json:"fingerprint,omitempty"`

	// MSPName, CustomerName and Role are given for keys of kind product (M4).
	MSPName      string `json:"msp_name,omitempty"`
	CustomerName string `json:"customer_name,omitempty"`
	Role         string `json:"role,omitempty"`
}

// Usage is what was used in a period. Used is the count at To, Peak the highest
// count between From and To. Both instants are UTC.
type Usage struct {
	Metric string    `json:"metric"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Used   int64     `json:"used"`
	Peak   int64     `json:"peak"`
}

// Limits of a request. A file or body larger than MaxSize is refused unread.
const (
	MaxSize     = 256 << 10 // bytes of a body or a file
	MaxUsage    = 400       // usage periods in one request
	MaxSequence = 1<<53 - 1 // so that every JSON reader keeps it exact
)
