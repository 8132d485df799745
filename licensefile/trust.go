package licensefile

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"slices"
	"time"
)

// certificateLabel is the PEM label of a certificate.
const certificateLabel = "CERTIFICATE"

// Trust is the set of publishers, with their roots, that a verifier believes.
// There is no trust on first use: what is not in a trust file is not trusted.
// A Trust may be read by many goroutines, but not while Add changes it.
type Trust struct {
	roots map[string][]*x509.Certificate // by publisher id
}

// ParseTrust reads a trust file: one or more PEM certificates, each the root of
// the publisher whose id (urn:uuid:…) is its only URI name. `licet keys
// export-root` writes such files.
func ParseTrust(pemData []byte) (*Trust, error) {
	t := &Trust{roots: map[string][]*x509.Certificate{}}
	if err := t.Add(pemData); err != nil {
		return nil, err
	}
	return t, nil
}

// Add takes the roots of another trust file in; on an error t stays as it was.
func (t *Trust) Add(pemData []byte) error {
	if len(pemData) > MaxSize {
		return refusal(CodeFileTooLarge, nil)
	}
	var found []*x509.Certificate
	rest := pemData
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != certificateLabel {
			return refusal(CodeTrustMalformed, errors.New("a PEM block that is not a certificate"))
		}
		c, _, err := parseRoot(block.Bytes)
		if err != nil {
			return err
		}
		found = append(found, c)
	}
	// A damaged block is skipped by the PEM reader; a trust file that loses a
	// root in silence would be a riddle later.
	if begun := bytes.Count(pemData, []byte("-----BEGIN")); len(found) == 0 || begun != len(found) {
		return refusal(CodeTrustMalformed, errors.New("not every block is readable"))
	}
	for _, c := range found {
		t.add(c)
	}
	return nil
}

// add takes a checked root in, once.
func (t *Trust) add(c *x509.Certificate) {
	if t.roots == nil {
		t.roots = map[string][]*x509.Certificate{}
	}
	publisher := c.URIs[0].String()
	if !slices.ContainsFunc(t.roots[publisher], c.Equal) {
		t.roots[publisher] = append(t.roots[publisher], c)
	}
}

// Publishers lists the ids of the trusted publishers, in order.
func (t *Trust) Publishers() []string {
	return slices.Sorted(maps.Keys(t.roots))
}

// signedBy gives the publisher and the signing certificate of a message after
// checking the certificate against the trusted roots, at the message's own iat.
func (t *Trust) signedBy(x5c []string, iat time.Time) (*x509.Certificate, string, error) {
	leaf, publisher, err := parseLeaf(x5c)
	if err != nil {
		return nil, "", err
	}
	for _, root := range t.roots[publisher] {
		if !bytes.Equal(leaf.RawIssuer, root.RawSubject) || leaf.CheckSignatureFrom(root) != nil {
			continue
		}
		if !aliveAt(leaf, iat) || !aliveAt(root, iat) {
			return nil, "", refusal(CodeCertificateExpired, nil)
		}
		return leaf, publisher, nil
	}
	return nil, "", refusal(CodeChainUntrusted, nil)
}

// parseLeaf reads the signing certificate in a header. Only the first is looked
// at: the root comes from the trust file, never from the message.
func parseLeaf(x5c []string) (*x509.Certificate, string, error) {
	if len(x5c) == 0 {
		return nil, "", refusal(CodeChainUntrusted, errors.New("no x5c in the header"))
	}
	der, err := decodeStandard(x5c[0])
	if err != nil {
		return nil, "", refusal(CodeFileMalformed, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, "", refusal(CodeFileMalformed, err)
	}
	publisher, err := certificatePublisher(leaf)
	if err != nil {
		return nil, "", refusal(CodeChainUntrusted, err)
	}
	if leaf.IsCA || leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return nil, "", refusal(CodeChainUntrusted, errors.New("not a signing certificate"))
	}
	return leaf, publisher, nil
}

// aliveAt reports whether an instant lies within a certificate's life.
func aliveAt(c *x509.Certificate, at time.Time) bool {
	return !at.Before(c.NotBefore) && !at.After(c.NotAfter)
}

// ed25519Key gives the key of a certificate whose kind was checked.
func ed25519Key(c *x509.Certificate) ed25519.PublicKey {
	key, _ := c.PublicKey.(ed25519.PublicKey)
	return key
}
