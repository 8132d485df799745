package issuer

import (
	"context"
	"crypto/x509"
	"encoding/json"

	"github.com/go-jose/go-jose/v4"
)

// JWKS gives the public keys of all signing certificates that are not revoked,
// as a JSON Web Key Set (RFC 7517) for other tools. Licet's own verifiers use
// the chain inside each file and never this.
func (s *Service) JWKS(ctx context.Context) ([]byte, error) {
	certificates, err := s.Certificates(ctx)
	if err != nil {
		return nil, err
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, c := range certificates {
		if c.RevokedAt != nil {
			continue
		}
		parsed, err := x509.ParseCertificate(c.DER)
		if err != nil {
			return nil, err
		}
		set.Keys = append(set.Keys, jose.JSONWebKey{
			Key: parsed.PublicKey, KeyID: c.Fingerprint, Algorithm: string(jose.EdDSA), Use: "sig",
			Certificates: []*x509.Certificate{parsed},
		})
	}
	return json.Marshal(set)
}
