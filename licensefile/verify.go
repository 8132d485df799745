package licensefile

import (
	"crypto/x509"
	"errors"
	"time"
)

// Expectation is what an installation already knows when it opens an answer.
type Expectation struct {
	Publisher  string // its publisher; "" takes any trusted one
	Product    string
	Slot       string // slot id of its license; "" before the first activation
	Thumbprint string // of its own key

	Serial      int64     // of what it holds for the slot; only a higher one is news
	NotBefore   time.Time // greatest iat accepted for the slot
	Revocations *Revocations
}

// claims are the members that every publisher's message has.
type claims struct {
	Issuer   string      `json:"iss"`
	IssuedAt NumericDate `json:"iat"`
}

// opened is a message whose signature and chain were verified.
type opened struct {
	claims
	payload []byte
	leaf    *x509.Certificate
}

// open verifies a publisher's message: form, typ, alg, chain at its own iat,
// revocation, signature, iss; in this order, each with its own code.
func (t *Trust) open(typ, compact, publisher string, revoked *Revocations) (*opened, error) {
	s, err := parse(typ, compact)
	if err != nil {
		return nil, err
	}
	o := &opened{payload: s.payload}
	if _, err := decode(s.payload, &o.claims); err != nil {
		return nil, refusal(CodeFileMalformed, err)
	}
	if !o.IssuedAt.valid() {
		return nil, refusal(CodeFileMalformed, errors.New("iat is not a date"))
	}
	leaf, named, err := t.signedBy(s.header.X5C, o.IssuedAt.Time())
	if err != nil {
		return nil, err
	}
	if revoked != nil && revoked.Issuer == named && revoked.Lists(leaf.Raw) {
		return nil, refusal(CodeCertificateRevoked, nil)
	}
	if !s.verifiedBy(ed25519Key(leaf)) {
		return nil, refusal(CodeSignatureInvalid, nil)
	}
	// One certificate's word counts for its own publisher only.
	if o.Issuer != named || publisher != "" && publisher != named {
		return nil, refusal(CodeWrongPublisher, nil)
	}
	o.leaf = leaf
	return o, nil
}

// Open verifies any statement of a trusted publisher and gives its payload. The
// iat inside fixes the time at which its chain must hold.
func (t *Trust) Open(typ, compact string) ([]byte, error) {
	o, err := t.open(typ, compact, "", nil)
	if err != nil {
		return nil, err
	}
	return o.payload, nil
}

// openLicense verifies signature, chain, issuer, product and form of a license.
func (t *Trust) openLicense(compact, publisher, product string, revoked *Revocations) (*License, error) {
	o, err := t.open(TypeLicense, compact, publisher, revoked)
	if err != nil {
		return nil, err
	}
	var l License
	if _, err := decode(o.payload, &l); err != nil {
		return nil, refusal(CodeFileMalformed, err)
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	if l.Expires.Time().After(o.leaf.NotAfter) {
		return nil, refusal(CodeCertificateExpired, errors.New("exp is after the certificate's end"))
	}
	if l.Audience != product {
		return nil, refusal(CodeWrongProduct, nil)
	}
	return &l, nil
}

// OpenLicense verifies a license as the installation that it is bound to. After
// signature and chain it checks iss, aud, sub, cnf.jkt, serial and iat, in this
// order, each with its own code. A license that is past its end is accepted as
// news: the row has ended (EXCHANGE, Answers).
func (t *Trust) OpenLicense(compact string, want Expectation) (*License, error) {
	l, err := t.openLicense(compact, want.Publisher, want.Product, want.Revocations)
	if err != nil {
		return nil, err
	}
	if want.Slot != "" && l.Subject != want.Slot {
		return nil, refusal(CodeWrongSlot, nil)
	}
	if l.Confirm.Thumbprint != want.Thumbprint {
		return nil, refusal(CodeWrongInstallation, nil)
	}
	if l.Serial <= want.Serial {
		return nil, refusal(CodeLicenseNotNewer, nil)
	}
	if l.IssuedAt.Time().Before(want.NotBefore) {
		return nil, refusal(CodeLicenseIssuedEarlier, nil)
	}
	return l, nil
}

// VerifyLicense verifies a license as anybody who has a publisher's root: its
// signature, chain, publisher and product, and that now lies in its life. It
// cannot tell whether a newer license exists, nor who holds the installation's
// key. Held is the newest revocation list known, or nil.
func (t *Trust) VerifyLicense(compact, product string, now time.Time, held *Revocations) (*License, error) {
	l, err := t.openLicense(compact, "", product, held)
	if err != nil {
		return nil, err
	}
	// Past its end a license may keep an exp before its iat, so the end is
	// looked at first.
	if !now.Before(l.Expires.Time()) {
		return nil, refusal(CodeLicenseExpired, nil)
	}
	if now.Before(l.IssuedAt.Time()) {
		return nil, refusal(CodeLicenseNotYetValid, nil)
	}
	return l, nil
}

// OpenReceipt verifies a receipt as the installation that it is bound to. A
// receipt that ends a row must carry a higher serial than the one held, as a
// license must; one that only confirms is matched by its nonce, by the caller.
func (t *Trust) OpenReceipt(compact string, want Expectation) (*Receipt, error) {
	o, err := t.open(TypeReceipt, compact, want.Publisher, want.Revocations)
	if err != nil {
		return nil, err
	}
	var r Receipt
	if _, err := decode(o.payload, &r); err != nil {
		return nil, refusal(CodeFileMalformed, err)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.Audience != want.Product {
		return nil, refusal(CodeWrongProduct, nil)
	}
	if want.Slot != "" && r.Subject != want.Slot && r.Body.Status != StatusPreview {
		return nil, refusal(CodeWrongSlot, nil)
	}
	if r.Confirm.Thumbprint != want.Thumbprint {
		return nil, refusal(CodeWrongInstallation, nil)
	}
	if r.Body.Status == StatusDeactivated && r.Serial <= want.Serial {
		return nil, refusal(CodeLicenseNotNewer, nil)
	}
	if r.IssuedAt.Time().Before(want.NotBefore) {
		return nil, refusal(CodeLicenseIssuedEarlier, nil)
	}
	return &r, nil
}

// check holds a license against what every reader may rely on.
func (l *License) check() error {
	switch {
	case l.Serial < 1 || l.Serial > MaxSequence:
		return refusal(CodeFileMalformed, errors.New("serial out of range"))
	case !l.IssuedAt.valid() || !l.Expires.valid():
		return refusal(CodeFileMalformed, errors.New("iat or exp is not a date"))
	case l.Subject == "" || l.Audience == "":
		return refusal(CodeFileMalformed, errors.New("no sub or aud"))
	case !validHash(l.Confirm.Thumbprint):
		return refusal(CodeFileMalformed, errors.New("cnf.jkt is not a thumbprint"))
	case l.Grant.Maximum != nil && !validCount(*l.Grant.Maximum):
		return refusal(CodeFileMalformed, errors.New("maximum out of range"))
	}
	return nil
}

// check holds a receipt against what every reader may rely on.
func (r *Receipt) check() error {
	switch {
	case r.Serial < 0 || r.Serial > MaxSequence:
		return refusal(CodeFileMalformed, errors.New("serial out of range"))
	case !r.IssuedAt.valid():
		return refusal(CodeFileMalformed, errors.New("iat is not a date"))
	case r.Audience == "":
		return refusal(CodeFileMalformed, errors.New("no aud"))
	case !validHash(r.Confirm.Thumbprint):
		return refusal(CodeFileMalformed, errors.New("cnf.jkt is not a thumbprint"))
	}
	switch r.Body.Status {
	case StatusPreview:
		if r.Body.Preview == nil {
			return refusal(CodeFileMalformed, errors.New("a preview that shows nothing"))
		}
	case StatusTaken, StatusDeactivated:
		if r.Subject == "" {
			return refusal(CodeFileMalformed, errors.New("no sub"))
		}
	default:
		return refusal(CodeFileMalformed, errors.New("unknown status"))
	}
	return nil
}
