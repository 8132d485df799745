package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"sync"
)

const (
	form      = 1 // of sealed bytes
	idSize    = 4
	nonceSize = 12
	tagSize   = 16
	headSize  = 1 + idSize + nonceSize
)

// What keys are derived for, so that no two uses of a master key share one.
const (
	infoID   = "licet key id"
	infoSeal = "licet seal "
	infoMAC  = "licet mac "
)

// Keyring holds master keys and what has been derived from them. It is safe for
// concurrent use.
type Keyring struct {
	masters []master // the current one first, the oldest last
	aeads   sync.Map // aeadName → cipher.AEAD
	macs    sync.Map // purpose → []byte
}

type master struct {
	key [32]byte
	id  [idSize]byte
}

type aeadName struct {
	id      [idSize]byte
	purpose string
}

// NewKeyring makes a keyring that seals with current and also opens what the older
// keys, newest first, have sealed.
func NewKeyring(current [32]byte, older ...[32]byte) *Keyring {
	k := &Keyring{}
	for _, key := range append([][32]byte{current}, older...) {
		m := master{key: key}
		copy(m.id[:], derive(key, infoID, idSize))
		k.masters = append(k.masters, m)
	}
	return k
}

// derive gives bytes for one use of a master key.
func derive(key [32]byte, info string, n int) []byte {
	b, err := hkdf.Key(sha256.New, key[:], nil, info, n)
	if err != nil {
		panic(err) // only for lengths that no caller asks for
	}
	return b
}

// KeyID names the current master key. It tells nothing of the key.
func (k *Keyring) KeyID() string { return hex.EncodeToString(k.masters[0].id[:]) }

// aead gives the cipher of a purpose, derived once.
func (k *Keyring) aead(m *master, purpose string) cipher.AEAD {
	name := aeadName{id: m.id, purpose: purpose}
	if a, ok := k.aeads.Load(name); ok {
		return a.(cipher.AEAD)
	}
	block, err := aes.NewCipher(derive(m.key, infoSeal+purpose, 32))
	if err != nil {
		panic(err) // only for key lengths other than ours
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the block size that GCM wants
	}
	k.aeads.Store(name, a)
	return a
}

// Seal encrypts plain for a purpose. Purposes are constants of the program. The
// same context is needed to open; it is not kept in the result.
func (k *Keyring) Seal(purpose string, plain, context []byte) []byte {
	m := &k.masters[0]
	sealed := make([]byte, headSize, headSize+len(plain)+tagSize)
	sealed[0] = form
	copy(sealed[1:], m.id[:])
	_, _ = rand.Read(sealed[1+idSize:]) // never fails
	return k.aead(m, purpose).Seal(sealed, sealed[1+idSize:headSize], plain, bound(sealed, context))
}

// Open decrypts what Seal made for the same purpose and context. It fails with
// master_key_unknown when no key of the ring has sealed it, and with
// sealed_tampered when the bytes, the purpose or the context are not the same.
func (k *Keyring) Open(purpose string, sealed, context []byte) ([]byte, error) {
	if len(sealed) < headSize+tagSize || sealed[0] != form {
		return nil, tampered()
	}
	m := k.find([idSize]byte(sealed[1 : 1+idSize]))
	if m == nil {
		return nil, unknownKey(sealed[1 : 1+idSize])
	}
	plain, err := k.aead(m, purpose).Open(nil, sealed[1+idSize:headSize], sealed[headSize:], bound(sealed, context))
	if err != nil {
		return nil, tampered()
	}
	return plain, nil
}

// bound is what is authenticated with a secret: its head and its context. The head
// has a fixed length, so the two cannot run into each other.
func bound(sealed, context []byte) []byte {
	b := make([]byte, 0, 1+idSize+len(context))
	b = append(b, sealed[:1+idSize]...)
	return append(b, context...)
}

func (k *Keyring) find(id [idSize]byte) *master {
	for i := range k.masters {
		if k.masters[i].id == id {
			return &k.masters[i]
		}
	}
	return nil
}

// MAC gives the HMAC-SHA256 of data under a key of the purpose. It is the same for
// as long as the oldest master key stays in the ring.
func (k *Keyring) MAC(purpose string, data []byte) []byte {
	h := hmac.New(sha256.New, k.macKey(purpose))
	h.Write(data)
	return h.Sum(nil)
}

func (k *Keyring) macKey(purpose string) []byte {
	if key, ok := k.macs.Load(purpose); ok {
		return key.([]byte)
	}
	oldest := &k.masters[len(k.masters)-1]
	key := derive(oldest.key, infoMAC+purpose, 32)
	k.macs.Store(purpose, key)
	return key
}
