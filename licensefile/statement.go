package licensefile

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4/json"
)

// The types of signed message: the typ of their header. A message of one type
// can never be taken for another.
const (
	TypeRequest     = "licet-request+jwt"
	TypeLicense     = "licet-license+jwt"
	TypeReceipt     = "licet-receipt+jwt"
	TypeRevocations = "licet-revocations+jwt"
	TypeCheckpoint  = "licet-checkpoint+jwt"
)

// algorithm is the only one there is: Ed25519 (RFC 8037).
const algorithm = "EdDSA"

// urlBase64 is the encoding of compact messages: no padding, and no stray bits
// at the end, so that a message has one spelling only.
var urlBase64 = base64.RawURLEncoding.Strict()

// header is the protected header of a message, as far as it is read.
type header struct {
	Algorithm string          `json:"alg"`
	Type      string          `json:"typ"`
	JWK       json.RawMessage `json:"jwk"`
	X5C       []string        `json:"x5c"`
}

// statement is a compact JWS taken apart; nothing in it is verified.
type statement struct {
	header    header
	payload   []byte
	input     string // what the signature covers
	signature []byte
}

// parse takes a compact JWS of the given type apart and checks what can be
// checked without a key: size, form, typ, alg, and that nothing is critical.
//
// The compact form is handled here with crypto/ed25519 alone. The exchange has
// one algorithm, one serialization and two ways to name a key, so a JOSE library
// would mostly have to be forbidden things; and a request is the server's hot
// path (BenchmarkOpenRequest against BenchmarkOpenRequestByGoJOSE, which leaves
// half of the checks out and is slower still). JSON is read by go-jose's decoder,
// and the tests hold this code and go-jose against each other.
func parse(typ, compact string) (*statement, error) {
	s, err := split(compact)
	if err != nil {
		return nil, err
	}
	if s.header.Type != typ {
		return nil, refusal(CodeWrongType, nil)
	}
	if s.header.Algorithm != algorithm {
		return nil, refusal(CodeAlgorithmNotAllowed, nil)
	}
	if len(s.signature) != ed25519.SignatureSize {
		return nil, refusal(CodeSignatureInvalid, nil)
	}
	return s, nil
}

// split takes a compact JWS apart, whatever its type.
func split(compact string) (*statement, error) {
	if len(compact) > MaxSize {
		return nil, refusal(CodeFileTooLarge, nil)
	}
	head, rest, ok := strings.Cut(compact, ".")
	body, sign, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 {
		return nil, refusal(CodeFileMalformed, errors.New("not a compact JWS"))
	}
	headerBytes, err1 := decodeURL(head)
	payload, err2 := decodeURL(body)
	signature, err3 := decodeURL(sign)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, refusal(CodeFileMalformed, err)
	}
	s := &statement{payload: payload, input: compact[:len(head)+1+len(body)], signature: signature}
	names, err := decode(headerBytes, &s.header)
	if err != nil {
		return nil, refusal(CodeFileMalformed, err)
	}
	if slices.Contains(names, "crit") {
		return nil, refusal(CodeAlgorithmNotAllowed, errors.New("critical header members"))
	}
	return s, nil
}

// decodeURL decodes strict base64url. Go's decoder skips line breaks, so they
// are looked for first.
func decodeURL(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("line break in base64url")
	}
	return urlBase64.DecodeString(s)
}

// decodeStandard decodes strict base64 with padding, as x5c has it (RFC 7515).
func decodeStandard(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("line break in base64")
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}

// verifiedBy reports whether the signature is the key's.
func (s *statement) verifiedBy(key ed25519.PublicKey) bool {
	return ed25519.Verify(key, []byte(s.input), s.signature)
}

// seal joins an encoded header and a payload and signs them.
func seal(encodedHeader string, payload []byte, key crypto.Signer) (string, error) {
	size := len(encodedHeader) + 1 + urlBase64.EncodedLen(len(payload))
	total := size + 1 + urlBase64.EncodedLen(ed25519.SignatureSize)
	if total > MaxSize {
		return "", refusal(CodeFileTooLarge, nil)
	}
	out := make([]byte, 0, total)
	out = append(out, encodedHeader...)
	out = append(out, '.')
	out = urlBase64.AppendEncode(out, payload)
	signature, err := key.Sign(rand.Reader, out, crypto.Hash(0))
	if err != nil {
		return "", err
	}
	out = append(out, '.')
	return string(urlBase64.AppendEncode(out, signature)), nil
}

// publicKey gives the Ed25519 public key of a signer.
func publicKey(key crypto.Signer) (ed25519.PublicKey, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok || len(public) != ed25519.PublicKeySize {
		return nil, errors.New("licensefile: the key is not an Ed25519 key")
	}
	return public, nil
}

// Peeked is what a compact message says of itself, unverified: good for telling
// a person what kind of file it is, and for nothing else.
type Peeked struct {
	Type string // TypeRequest, TypeLicense, …
	Kind Kind   // of a request, or of the request that a receipt answers
	Slot SlotRef
}

// Peek reads what a compact message says of itself, without verifying anything.
func Peek(compact string) (Peeked, error) {
	s, err := split(compact)
	if err != nil {
		return Peeked{}, err
	}
	var claims struct {
		Kind    Kind    `json:"kind"`
		Slot    SlotRef `json:"slot"`
		Receipt struct {
			Kind Kind    `json:"kind"`
			Slot SlotRef `json:"slot"`
		} `json:"receipt"`
		License struct {
			Site        Site   `json:"site"`
			LicenseType string `json:"license_type"`
		} `json:"license"`
	}
	if _, err := decode(s.payload, &claims); err != nil {
		return Peeked{}, refusal(CodeFileMalformed, err)
	}
	p := Peeked{Type: s.header.Type, Kind: claims.Kind, Slot: claims.Slot}
	switch p.Type {
	case TypeReceipt:
		p.Kind, p.Slot = claims.Receipt.Kind, claims.Receipt.Slot
	case TypeLicense:
		p.Slot = SlotRef{Site: claims.License.Site, LicenseType: claims.License.LicenseType}
	}
	return p, nil
}
