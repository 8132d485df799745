// Package seal keeps secrets at rest: private keys, license keys, mails.
//
// A Keyring is made from one or more 32-byte master keys, the current one first.
// Seal encrypts with AES-256-GCM under a key that HKDF-SHA256 derives from the
// current master key for one purpose, so that a secret sealed for one purpose
// never opens for another. The context (an id of the row, say) is authenticated
// with it, so that sealed bytes moved to another row do not open there.
//
// Sealed bytes are
//
//	1 byte   form, 1
//	4 bytes  id of the master key
//	12 bytes nonce, random
//	n bytes  ciphertext and tag
//
// and the id lets secrets sealed under an older master key open as long as that
// key stays in the ring. To change the master key, put a new one on the first line
// of the key file; old secrets open, new ones use the new key.
//
// MAC is for look-ups (the HMAC of a license key): its value must not change when
// a newer master key is added, so it always uses the oldest key of the ring. That
// key therefore stays in the file for as long as look-ups by MAC exist.
//
// A random 96-bit nonce allows 2^32 secrets a purpose and master key (NIST SP
// 800-38D).
//
// The master key never lies in the database or in a backup. It comes from a text
// file, outside the data folder, that only its owner can read, or from the
// environment.
package seal
