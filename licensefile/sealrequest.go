package licensefile

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// SignedRequest is a request whose signature was verified.
type SignedRequest struct {
	Request    Request
	Thumbprint string            // RFC 7638, of PublicKey: the installation's id
	PublicKey  ed25519.PublicKey // the one in the request's own header
	Digest     [32]byte          // SHA-256 of the JWS signing input: the same digest is the same request
}

// jwk is an Ed25519 public key as a JSON Web Key (RFC 8037). The order of its
// members is the one that RFC 7638 hashes.
type jwk struct {
	Curve string `json:"crv"`
	Type  string `json:"kty"`
	X     string `json:"x"`
}

// Thumbprint gives the RFC 7638 thumbprint of an Ed25519 public key: the id of
// the installation that holds it.
func Thumbprint(pub ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(jwkText(pub)))
	return urlBase64.EncodeToString(sum[:])
}

// jwkText gives the canonical JSON Web Key of a public key.
func jwkText(pub ed25519.PublicKey) string {
	return `{"crv":"Ed25519","kty":"OKP","x":"` + urlBase64.EncodeToString(pub) + `"}`
}

// SealRequest signs a request with the installation's Ed25519 key and gives the
// compact JWS. A request that OpenRequest would refuse is refused here already.
func SealRequest(r Request, key crypto.Signer) (string, error) {
	public, err := publicKey(key)
	if err != nil {
		return "", err
	}
	if err := r.checkAddress(r.Audience); err != nil {
		return "", err
	}
	if err := r.check(); err != nil {
		return "", err
	}
	payload, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("licensefile: encoding a request: %w", err)
	}
	head := `{"alg":"EdDSA","jwk":` + jwkText(public) + `,"typ":"` + TypeRequest + `"}`
	return seal(urlBase64.EncodeToString([]byte(head)), payload, key)
}

// OpenRequest verifies a compact request for a publisher. It checks size, form,
// typ, alg, jwk, aud and the key's form first, then the signature, then every
// member (EXCHANGE, Requests); each failure has its own code. In the result the
// license key is normalized, and instants are UTC.
func OpenRequest(compact, publisher string) (*SignedRequest, error) {
	s, err := parse(TypeRequest, compact)
	if err != nil {
		return nil, err
	}
	public, err := s.header.publicKey()
	if err != nil {
		return nil, refusal(CodeFileMalformed, err)
	}
	var r Request
	if _, err := decode(s.payload, &r); err != nil {
		return nil, refusal(CodeFileMalformed, err)
	}
	if err := r.checkAddress(publisher); err != nil {
		return nil, err
	}
	if !s.verifiedBy(public) {
		return nil, refusal(CodeSignatureInvalid, nil)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	r.normalize()
	return &SignedRequest{
		Request:    r,
		Thumbprint: Thumbprint(public),
		PublicKey:  public,
		Digest:     sha256.Sum256([]byte(s.input)),
	}, nil
}

// publicKey reads the Ed25519 public key in a request's header.
func (h *header) publicKey() (ed25519.PublicKey, error) {
	if len(h.JWK) == 0 {
		return nil, errors.New("no jwk in the header")
	}
	var k jwk
	names, err := decode(h.JWK, &k)
	if err != nil {
		return nil, err
	}
	if slices.Contains(names, "d") {
		return nil, errors.New("a private key in the header")
	}
	if k.Type != "OKP" || k.Curve != "Ed25519" {
		return nil, errors.New("the jwk is not an Ed25519 key")
	}
	x, err := decodeURL(k.X)
	if err != nil {
		return nil, err
	}
	if len(x) != ed25519.PublicKeySize {
		return nil, errors.New("the jwk has a wrong length")
	}
	return x, nil
}

// normalize brings what may be spelled in several ways into one form.
func (r *Request) normalize() {
	r.Key = NormalizeKey(r.Key)
	for i := range r.Usage {
		r.Usage[i].From = r.Usage[i].From.UTC()
		r.Usage[i].To = r.Usage[i].To.UTC()
	}
	if r.OverSince != nil {
		since := r.OverSince.UTC()
		r.OverSince = &since
	}
}
