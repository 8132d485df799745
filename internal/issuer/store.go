package issuer

import (
	"crypto/x509"
	"database/sql"
	"time"

	"github.com/licethq/licet/internal/database"
	"github.com/licethq/licet/licensefile"
)

// publisherRow is the publisher as stored.
type publisherRow struct {
	Publisher
	rootCertificate  []byte
	rootKey          []byte // sealed; nil while offline
	signing          string // id of the certificate that signs
	revocationNumber int64
	revocations      string
	masterKeyCheck   []byte
}

func scanPublisher(r database.Row) (publisherRow, error) {
	var p publisherRow
	var created int64
	var signing sql.NullString
	err := r.Scan(&p.ID, &p.Name, &p.TimeZone, &p.rootCertificate, &p.rootKey, &signing,
		&p.revocationNumber, &p.revocations, &p.masterKeyCheck, &created)
	p.CreatedAt = database.Instant(created)
	p.signing = signing.String
	p.RootOffline = p.rootKey == nil
	return p, err
}

func loadPublisher(q database.Querier) (publisherRow, error) {
	return database.One(q, scanPublisher, `
		SELECT publisher_id, name, time_zone, root_certificate, root_key, signing_certificate_id,
		       revocation_number, revocations, master_key_check, created_at
		FROM publisher WHERE id = 1`)
}

func insertPublisher(tx *database.Tx, p publisherRow) error {
	_, err := tx.Exec(`
		INSERT INTO publisher (id, publisher_id, name, time_zone, root_certificate, root_key,
		                       signing_certificate_id, master_key_check, created_at)
		VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.Name, p.TimeZone, p.rootCertificate, p.rootKey, p.signing, p.masterKeyCheck, database.Micros(p.CreatedAt))
	return err
}

// Mark is the part of the publisher's row that says whether what a process keeps
// in memory is still true.
type Mark struct {
	signing string
	number  int64
}

// MarkColumns are the columns of a Mark in a statement that joins MarkJoin.
const (
	MarkColumns = `pub.signing_certificate_id, pub.revocation_number`
	MarkJoin    = ` JOIN publisher pub ON pub.id = 1 `
)

// Destinations gives where MarkColumns go.
func (m *Mark) Destinations() []any { return []any{&m.signing, &m.number} }

func loadMark(q database.Querier) (Mark, error) {
	return database.One(q, func(r database.Row) (Mark, error) {
		var m Mark
		err := r.Scan(m.Destinations()...)
		return m, err
	}, `SELECT `+MarkColumns+` FROM publisher pub WHERE pub.id = 1`)
}

// changePublisher writes what rotation and revocation change, if nobody else
// has changed it since it was read.
func changePublisher(tx *database.Tx, from, to Mark, revocations string) error {
	n, err := tx.Exec(`
		UPDATE publisher SET signing_certificate_id = ?, revocation_number = ?, revocations = ?
		WHERE id = 1 AND signing_certificate_id = ? AND revocation_number = ?`,
		to.signing, to.number, revocations, from.signing, from.number)
	if err == nil && n == 0 {
		return errChanged
	}
	return err
}

func clearRootKey(tx *database.Tx) error {
	n, err := tx.Exec(`UPDATE publisher SET root_key = NULL WHERE id = 1 AND root_key IS NOT NULL`)
	if err == nil && n == 0 {
		return errChanged
	}
	return err
}

const certificateColumns = `id, certificate, private_key, signs_until, revoked_at,
	CASE WHEN id = (SELECT signing_certificate_id FROM publisher WHERE publisher.id = 1) THEN 1 ELSE 0 END`

func scanCertificate(r database.Row) (Certificate, error) {
	var c Certificate
	var until int64
	var revoked database.NullInstant
	var signing int64
	if err := r.Scan(&c.ID, &c.DER, &c.sealedKey, &until, &revoked, &signing); err != nil {
		return c, err
	}
	parsed, err := x509.ParseCertificate(c.DER)
	if err != nil {
		return c, err
	}
	c.NotBefore, c.NotAfter = parsed.NotBefore, parsed.NotAfter
	c.Fingerprint = licensefile.CertificateID(c.DER)
	c.SignsUntil = database.Instant(until)
	c.RevokedAt = revoked.Ptr()
	c.Signing = signing == 1
	return c, nil
}

func loadCertificate(q database.Querier, id string) (Certificate, error) {
	return database.One(q, scanCertificate, `SELECT `+certificateColumns+` FROM signing_certificate WHERE id = ?`, id)
}

func loadCertificates(q database.Querier) ([]Certificate, error) {
	return database.All(q, scanCertificate, `SELECT `+certificateColumns+` FROM signing_certificate ORDER BY id`)
}

func insertCertificate(tx *database.Tx, c Certificate, now time.Time) error {
	_, err := tx.Exec(`
		INSERT INTO signing_certificate (id, certificate, private_key, signs_from, signs_until, created_at)
		VALUES (?, ?, ?, ?, ?, ?)`,
		c.ID, c.DER, c.sealedKey, database.Micros(now), database.Micros(c.SignsUntil), database.Micros(now))
	return err
}

// revokeCertificate marks a certificate revoked; it tells whether it was not yet.
func revokeCertificate(tx *database.Tx, id string, now time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE signing_certificate SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL`, database.Micros(now), id)
	return n == 1, err
}
