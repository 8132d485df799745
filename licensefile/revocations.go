package licensefile

import (
	"crypto"
	"encoding/json"
	"fmt"
	"slices"
)

// Revocations is a publisher's numbered list of signing certificates that are
// trusted no more. A verifier keeps the list with the highest number. It names
// certificates only: a license is revoked by its row's next signed answer.
type Revocations struct {
	Issuer       string      `json:"iss"`
	IssuedAt     NumericDate `json:"iat"`
	Number       int64       `json:"number"`       // from 1
	Certificates []string    `json:"certificates"` // CertificateID of each
}

// Lists reports whether a certificate, given in DER form, is revoked.
func (r *Revocations) Lists(certificateDER []byte) bool {
	return r != nil && slices.Contains(r.Certificates, CertificateID(certificateDER))
}

// check holds a list against its bounds.
func (r *Revocations) check() error {
	if r.Number < 1 || r.Number > MaxSequence || !r.IssuedAt.valid() {
		return refusal(CodeFileMalformed, fmt.Errorf("revocation list number %d, iat %d", r.Number, r.IssuedAt))
	}
	for _, id := range r.Certificates {
		if !validHash(id) {
			return refusal(CodeFileMalformed, fmt.Errorf("%q is not the SHA-256 of a certificate", id))
		}
	}
	return nil
}

// SealRevocations signs a list with the root key itself, so that a stolen
// signing key cannot hide its own revocation.
func SealRevocations(r Revocations, root crypto.Signer) (string, error) {
	if err := r.check(); err != nil {
		return "", fmt.Errorf("licensefile: sealing a revocation list: %w", err)
	}
	if !validPublisher(r.Issuer) {
		return "", fmt.Errorf("licensefile: %q is not a publisher id", r.Issuer)
	}
	if _, err := publicKey(root); err != nil {
		return "", err
	}
	if r.Certificates == nil {
		r.Certificates = []string{}
	}
	payload, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("licensefile: encoding a revocation list: %w", err)
	}
	head := `{"alg":"EdDSA","typ":"` + TypeRevocations + `"}`
	return seal(urlBase64.EncodeToString([]byte(head)), payload, root)
}

// OpenRevocations verifies a revocation list: it must be signed by a trusted
// root of the publisher that it names, and issued within that root's life.
func (t *Trust) OpenRevocations(compact string) (*Revocations, error) {
	s, err := parse(TypeRevocations, compact)
	if err != nil {
		return nil, err
	}
	var r Revocations
	if _, err := decode(s.payload, &r); err != nil {
		return nil, refusal(CodeFileMalformed, err)
	}
	roots := t.roots[r.Issuer]
	if len(roots) == 0 {
		return nil, refusal(CodeChainUntrusted, nil)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	for _, root := range roots {
		if s.verifiedBy(ed25519Key(root)) {
			if !aliveAt(root, r.IssuedAt.Time()) {
				return nil, refusal(CodeCertificateExpired, nil)
			}
			return &r, nil
		}
	}
	return nil, refusal(CodeSignatureInvalid, nil)
}

// validHash: a SHA-256 in strict base64url.
func validHash(s string) bool {
	sum, err := decodeURL(s)
	return err == nil && len(sum) == 32
}
