package licensefile

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Signer signs a publisher's answers with a signing certificate. It holds its
// encoded headers ready, since every online answer passes through it, and may be
// used by many goroutines at once if its key may.
type Signer struct {
	key         crypto.Signer
	certificate *x509.Certificate
	publisher   string
	headers     map[string]string // by typ, encoded
}

// NewSigner readies a signing certificate and its Ed25519 key.
func NewSigner(certificateDER []byte, key crypto.Signer) (*Signer, error) {
	c, err := x509.ParseCertificate(certificateDER)
	if err != nil {
		return nil, fmt.Errorf("licensefile: signing certificate: %w", err)
	}
	publisher, err := certificatePublisher(c)
	if err != nil {
		return nil, fmt.Errorf("licensefile: signing certificate: %w", err)
	}
	if public, err := publicKey(key); err != nil || !public.Equal(c.PublicKey) {
		return nil, errors.New("licensefile: the key does not fit the signing certificate")
	}
	s := &Signer{key: key, certificate: c, publisher: publisher, headers: map[string]string{}}
	for _, typ := range []string{TypeLicense, TypeReceipt, TypeCheckpoint} {
		if s.headers[typ], err = s.encodeHeader(typ); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// encodeHeader gives the encoded protected header of a type of message.
func (s *Signer) encodeHeader(typ string) (string, error) {
	head, err := json.Marshal(map[string]any{
		"alg": algorithm,
		"typ": typ,
		"x5c": []string{base64.StdEncoding.EncodeToString(s.certificate.Raw)},
	})
	if err != nil {
		return "", fmt.Errorf("licensefile: encoding a header: %w", err)
	}
	return urlBase64.EncodeToString(head), nil
}

// Publisher gives the publisher id that the certificate names.
func (s *Signer) Publisher() string { return s.publisher }

// NotBefore gives the instant before which nothing it signs would be accepted.
func (s *Signer) NotBefore() time.Time { return s.certificate.NotBefore }

// NotAfter gives the end of the certificate: no license may outlive it.
func (s *Signer) NotAfter() time.Time { return s.certificate.NotAfter }

// Seal signs the JSON payload of any statement, such as a checkpoint of the
// event log, and gives the compact JWS. Trust.Open needs iss and iat in it.
func (s *Signer) Seal(typ string, payload []byte) (string, error) {
	head, ok := s.headers[typ]
	if !ok {
		var err error
		if head, err = s.encodeHeader(typ); err != nil {
			return "", err
		}
	}
	return seal(head, payload, s.key)
}

// sealPayload encodes and signs an answer after checking that a verifier could
// accept it.
func (s *Signer) sealPayload(typ, issuer string, iat NumericDate, payload any) (string, error) {
	if issuer != s.publisher {
		return "", fmt.Errorf("licensefile: the issuer %q is not the signing certificate's publisher", issuer)
	}
	if at := iat.Time(); at.Before(s.certificate.NotBefore) || at.After(s.certificate.NotAfter) {
		return "", errors.New("licensefile: the signing certificate is not valid at the answer's iat")
	}
	data, err := json.Marshal(payload)
	if err != nil {
		return "", fmt.Errorf("licensefile: encoding an answer: %w", err)
	}
	return s.Seal(typ, data)
}

// SealLicense signs a license. The license must name the signer's publisher, be
// issued within the certificate's life and end with it at the latest.
func SealLicense(l License, s *Signer) (string, error) {
	if err := l.check(); err != nil {
		return "", fmt.Errorf("licensefile: sealing a license: %w", err)
	}
	if l.Expires.Time().After(s.certificate.NotAfter) {
		return "", errors.New("licensefile: a license may not outlive its signing certificate")
	}
	return s.sealPayload(TypeLicense, l.Issuer, l.IssuedAt, l)
}

// SealReceipt signs a receipt under the same conditions.
func SealReceipt(r Receipt, s *Signer) (string, error) {
	if err := r.check(); err != nil {
		return "", fmt.Errorf("licensefile: sealing a receipt: %w", err)
	}
	return s.sealPayload(TypeReceipt, r.Issuer, r.IssuedAt, r)
}
