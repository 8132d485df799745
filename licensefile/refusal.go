package licensefile

import (
	"errors"
	"maps"
	"slices"
)

// Refusal says why a file or message is not accepted, or an operation not
// allowed. Code never changes; Message is a sentence that a person can act on
// and holds no secret.
type Refusal struct {
	Code    string
	Message string

	cause error
}

// Error gives the code and the message.
func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

// Unwrap gives what led to the refusal, for logs; often nil.
func (r *Refusal) Unwrap() error { return r.cause }

// Codes of files and messages that are not accepted.
const (
	CodeFileMalformed        = "file_malformed"         // not a Licet file or message, or damaged
	CodeFileTooLarge         = "file_too_large"         // larger than MaxSize
	CodeWrongType            = "wrong_type"             // a sound message of another type than was asked for
	CodeAlgorithmNotAllowed  = "algorithm_not_allowed"  // signed by another algorithm than Ed25519, or with critical extensions
	CodeSignatureInvalid     = "signature_invalid"      // changed after it was signed
	CodeChainUntrusted       = "chain_untrusted"        // signed by nobody whom a trusted root certifies
	CodeCertificateExpired   = "certificate_expired"    // issued outside the life of the certificate that signed it
	CodeCertificateRevoked   = "certificate_revoked"    // signed by a certificate that the publisher revoked
	CodeTrustMalformed       = "trust_malformed"        // not a publisher's root certificate
	CodeWrongPublisher       = "wrong_publisher"        // of, or for, another publisher
	CodeWrongProduct         = "wrong_product"          // for another product
	CodeWrongSlot            = "wrong_slot"             // for another row of this installation
	CodeWrongInstallation    = "wrong_installation"     // for another installation
	CodeLicenseNotNewer      = "license_not_newer"      // its serial is not above the one held
	CodeLicenseIssuedEarlier = "license_issued_earlier" // its iat precedes the greatest one accepted
	CodeLicenseExpired       = "license_expired"        // past its exp, for everybody but the installation
	CodeLicenseNotYetValid   = "license_not_yet_valid"  // before its iat, for everybody but the installation
	CodeAnswerMismatch       = "answer_mismatch"        // a receipt for another request than the pending one
	CodeRequestPending       = "request_pending"        // another request file of the row waits for its answer
	CodeKeyMalformed         = "key_malformed"          // not the form of any license key
	CodeRequestInvalid       = "request_invalid"        // a soundly signed request whose members break a rule
)

// Codes of operations that are warned about or refused; see May.
const (
	CodeNotActivated          = "not_activated"
	CodeSubscriptionSuspended = "subscription_suspended"
	CodeSilentTooLong         = "silent_too_long"
	CodeOverLimitSuspended    = "over_limit_suspended"
	CodeSubscriptionExpired   = "subscription_expired"
	CodeLeaseExpired          = "lease_expired"
	CodeLimitReached          = "limit_reached" // used equals the maximum: one more would be over
	CodeOverLimit             = "over_limit"    // used exceeds the maximum
)

// sentences holds the usual message of every code.
var sentences = map[string]string{
	CodeFileMalformed:        "This is not a Licet file, or it was damaged on the way. Get it again from where it was made.",
	CodeFileTooLarge:         "This is larger than 256 KiB and was not read. A Licet file is much smaller; check that it is the right one.",
	CodeWrongType:            "This is another kind of Licet file than the one expected here. Choose the right one.",
	CodeAlgorithmNotAllowed:  "This is signed in a way that is not accepted here. Get it again from the publisher, or update this program.",
	CodeSignatureInvalid:     "The signature does not fit: this was changed after it was signed. Get it again from where it was made.",
	CodeChainUntrusted:       "This was not signed by a publisher that is trusted here. Check the publisher's root certificate in the settings.",
	CodeCertificateExpired:   "This was issued outside the life of the certificate that signed it. Ask the publisher for a new one.",
	CodeCertificateRevoked:   "The publisher has revoked the certificate that signed this. Refresh to get a new one.",
	CodeTrustMalformed:       "This is not a publisher's root certificate. Use the file that the publisher exported.",
	CodeWrongPublisher:       "This belongs to another publisher. Choose the file of the publisher that this installation uses.",
	CodeWrongProduct:         "This belongs to another product. Choose the file that was made for this product.",
	CodeWrongSlot:            "This belongs to another row of this installation. Load it for the site and license type that it was made for.",
	CodeWrongInstallation:    "This was made for another installation. Load it there, or make a new request here.",
	CodeLicenseNotNewer:      "This is not newer than what is held here. Nothing was changed; use the newest file.",
	CodeLicenseIssuedEarlier: "This was issued before what is held here. Nothing was changed; use the newest file.",
	CodeLicenseExpired:       "This license has ended. Refresh it, or renew the subscription.",
	CodeLicenseNotYetValid:   "This license was issued later than the clock of this machine shows. Check the clock.",
	CodeAnswerMismatch:       "This answers another request than the one that is pending here. Load the answer to the newest request file.",
	CodeRequestPending:       "Another request of this row waits for its answer. Load that answer, or discard the request to start over.",
	CodeKeyMalformed:         "This does not have the form of a license key. Compare it with the original, character by character.",
	CodeRequestInvalid:       "The request breaks a rule of the exchange. Update the program that made it.",

	CodeNotActivated:          "This row is not activated. Activate it with a license key.",
	CodeSubscriptionSuspended: "The subscription is suspended by the publisher. Contact the publisher.",
	CodeSilentTooLong:         "The publisher has not been reached for too long. Connect to the publisher to go on.",
	CodeOverLimitSuspended:    "The grace period for using more licenses than owned has ended. Remove devices or buy more licenses.",
	CodeSubscriptionExpired:   "The subscription has ended. Renew it to activate or enroll again; refresh and deactivate still work.",
	CodeLeaseExpired:          "The license was not renewed in time. Refresh it, online or by file.",
	CodeLimitReached:          "All licenses are in use. Remove devices or buy more licenses.",
	CodeOverLimit:             "More licenses are in use than owned. Remove devices or buy more licenses.",
}

// RefusalCodes lists every code of this package, in order.
func RefusalCodes() []string {
	return slices.Sorted(maps.Keys(sentences))
}

// Sentence gives the usual message of a code of this package, "" for another.
func Sentence(code string) string { return sentences[code] }

// CodeOf gives the code of a refusal, "" for any other error and for nil.
func CodeOf(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// NewRefusal gives the refusal of one of this package's codes with its usual
// sentence, and its cause if any.
func NewRefusal(code string, cause error) *Refusal {
	return &Refusal{Code: code, Message: sentences[code], cause: cause}
}

// refusal is NewRefusal as an error, so that it can be returned without a copy.
func refusal(code string, cause error) error { return NewRefusal(code, cause) }

// invalid refuses a request for a member that breaks a rule; what says which.
func invalid(what string) error {
	return &Refusal{Code: CodeRequestInvalid, Message: "The request breaks a rule of the exchange. " + what}
}
