package licensefile

import (
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of the texts in a request, in characters.
const (
	maxCode        = 64
	maxLabel       = 255
	maxFingerprint = 32 // parts
	minNonce       = 16
	maxNonce       = 128
)

// takesKey reports whether requests of a kind carry a license key.
func (k Kind) takesKey() bool { return k == KindPreview || k == KindActivate }

// known reports whether the kind is one of the exchange's.
func (k Kind) known() bool {
	switch k {
	case KindPreview, KindActivate, KindRefresh, KindReport, KindCheckIn, KindDeactivate:
		return true
	}
	return false
}

// checkAddress checks what is checked before the signature: that the request is
// meant for this publisher, and that its key could be one.
func (r *Request) checkAddress(publisher string) error {
	if r.Audience != publisher || !validPublisher(publisher) {
		return refusal(CodeWrongPublisher, nil)
	}
	if r.Kind.takesKey() && !ValidKeyForm(NormalizeKey(r.Key)) {
		return refusal(CodeKeyMalformed, nil)
	}
	return nil
}

// check holds a request against the rules for its members.
func (r *Request) check() error {
	for _, c := range []struct {
		ok  bool
		bad string
	}{
		{r.Kind.known(), "Its kind is not one of the exchange's."},
		{r.Method == Online || r.Method == Offline, "Its method is neither online nor offline."},
		{r.Kind.takesKey() || r.Key == "", "Only preview and activate carry a license key."},
		{r.IssuedAt.valid(), "Its iat is not a date."},
		{validNonce(r.Nonce), "Its nonce is not 16 to 128 plain characters."},
		{r.validSequence(), "Its sequence is not a number from 1 to 2^53-1, or a preview has one."},
		{validCount(r.Previous), "Its previous serial is not a number from 0 to 2^53-1."},
		{validCount(r.Revocations), "Its revocation number is not a number from 0 to 2^53-1."},
		{validUUID(r.Slot.Site.ID), "Its site id is not a UUID in lower case."},
		{validText(r.Slot.Site.Name, maxLabel), "Its site name is too long or holds control characters."},
		{validCode(r.Slot.LicenseType), "Its license type is missing, too long or holds control characters."},
		{r.OverSince == nil || validInstant(*r.OverSince), "Its over_since is not a date."},
		{len(r.Usage) <= MaxUsage, "It has more than 400 usage periods."},
	} {
		if !c.ok {
			return invalid(c.bad)
		}
	}
	if err := r.About.check(); err != nil {
		return err
	}
	for i := range r.Usage {
		if err := r.Usage[i].check(); err != nil {
			return err
		}
	}
	return nil
}

// validSequence: a slot's requests count from 1, a preview does not count.
func (r *Request) validSequence() bool {
	if r.Kind == KindPreview {
		return r.Sequence == 0
	}
	return r.Sequence >= 1 && r.Sequence <= MaxSequence
}

// check holds the description of the asking machine against its bounds.
func (a *About) check() error {
	if !validCode(a.Product) {
		return invalid("Its product code is missing, too long or holds control characters.")
	}
	texts := []string{a.Version, a.HostName, a.OperatingSystem, a.MSPName, a.CustomerName, a.Role}
	for part, hash := range a.Fingerprint {
		texts = append(texts, part, hash)
	}
	if len(a.Fingerprint) > maxFingerprint {
		return invalid("Its fingerprint has more than 32 parts.")
	}
	for _, t := range texts {
		if !validText(t, maxLabel) {
			return invalid("A text that describes the machine is too long or holds control characters.")
		}
	}
	return nil
}

// check holds a usage period against its bounds.
func (u *Usage) check() error {
	switch {
	case !validCode(u.Metric):
		return invalid("A usage period has no usable metric.")
	case !validInstant(u.From) || !validInstant(u.To) || u.To.Before(u.From):
		return invalid("A usage period ends before it starts, or has no dates.")
	case !validCount(u.Used) || !validCount(u.Peak):
		return invalid("A usage count is not a number from 0 to 2^53-1.")
	}
	return nil
}

// validCount: from 0 to what every JSON reader keeps exact.
func validCount(n int64) bool { return n >= 0 && n <= MaxSequence }

// validInstant: set, and within the years that every program can show.
func validInstant(t time.Time) bool { return !t.IsZero() && At(t).valid() }

// validCode: a short text that is there.
func validCode(s string) bool { return s != "" && validText(s, maxCode) }

// validText: valid UTF-8, at most limit characters, none of them a control
// character, a line separator or one that turns the direction of what follows.
func validText(s string, limit int) bool {
	if len(s) > 4*limit || !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) || r >= '\u2028' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return false
		}
	}
	return true
}

// validNonce: 16 to 128 visible ASCII characters.
func validNonce(s string) bool {
	if len(s) < minNonce || len(s) > maxNonce {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// validUUID: the canonical form in lower case, since ids are compared as text.
func validUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// publisherPrefix starts every publisher id.
const publisherPrefix = "urn:uuid:"

// validPublisher: urn:uuid: and a UUID in lower case.
func validPublisher(s string) bool {
	return len(s) == len(publisherPrefix)+36 && s[:len(publisherPrefix)] == publisherPrefix &&
		validUUID(s[len(publisherPrefix):])
}
