// Package passkeytest is a passkey in software, for tests: what a browser and the
// device behind it do, without either.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// Authenticator holds one passkey. Its fields say what it pretends.
type Authenticator struct {
	Origin     string // of the page, such as https://localhost
	Unverified bool   // whether it leaves out who uses it
	Count      uint32 // of signatures; the next one says one more

	rpID   string
	id     []byte
	handle []byte
	key    *ecdsa.PrivateKey
}

// The flags of authenticator data.
const (
	userPresent  = 1 << 0
	userVerified = 1 << 2
	attested     = 1 << 6
)

// clientData is what the browser says.
type clientData struct {
	Type        string `json:"type"`
	Challenge   string `json:"challenge"`
	Origin      string `json:"origin"`
	CrossOrigin bool   `json:"crossOrigin"`
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Create makes a passkey as the options of a registration say, and gives what the
// browser would.
func (a *Authenticator) Create(t testing.TB, options []byte) json.RawMessage {
	t.Helper()
	var o struct {
		PublicKey struct {
			Challenge string
			RP        struct{ ID string }
			User      struct{ ID string }
		} `json:"publicKey"`
	}
	must(t, json.Unmarshal(options, &o))
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	a.handle, err = base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	must(t, err)
	a.rpID, a.id = o.PublicKey.RP.ID, make([]byte, 16)
	_, _ = rand.Read(a.id) // never fails
	object, err := cbor.Marshal(map[string]any{
		"fmt": "none", "attStmt": map[string]any{}, "authData": append(a.data(attested), a.attested(t)...),
	})
	must(t, err)
	client := a.client(t, "webauthn.create", o.PublicKey.Challenge)
	return a.answer(t, map[string]any{"attestationObject": encode(object), "clientDataJSON": encode(client)})
}

// Get signs as the options of a sign-in say, and gives what the browser would.
func (a *Authenticator) Get(t testing.TB, options []byte) json.RawMessage {
	t.Helper()
	var o struct {
		PublicKey struct{ Challenge string } `json:"publicKey"`
	}
	must(t, json.Unmarshal(options, &o))
	a.Count++
	data, client := a.data(0), a.client(t, "webauthn.get", o.PublicKey.Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	must(t, err)
	return a.answer(t, map[string]any{
		"authenticatorData": encode(data), "clientDataJSON": encode(client), "signature": encode(signature), "userHandle": encode(a.handle),
	})
}

func (a *Authenticator) answer(t testing.TB, response map[string]any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"id": encode(a.id), "rawId": encode(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{},
	})
	must(t, err)
	return text
}

func (a *Authenticator) client(t testing.TB, kind, challenge string) []byte {
	t.Helper()
	text, err := json.Marshal(clientData{Type: kind, Challenge: challenge, Origin: a.Origin})
	must(t, err)
	return text
}

// data gives authenticator data: the hash of the host, the flags, the counter.
func (a *Authenticator) data(flags byte) []byte {
	flags |= userPresent
	if !a.Unverified {
		flags |= userVerified
	}
	hash := sha256.Sum256([]byte(a.rpID))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), a.Count)
}

// attested gives the credential: no model, the id, the public key as COSE.
func (a *Authenticator) attested(t testing.TB) []byte {
	t.Helper()
	point, err := a.key.PublicKey.Bytes()
	must(t, err)
	key, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:65]})
	must(t, err)
	data := binary.BigEndian.AppendUint16(make([]byte, 16), uint16(len(a.id)))
	return append(append(data, a.id...), key...)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("passkey: %v", err)
	}
}
