package agent

import (
	"time"

	"github.com/licethq/licet/internal/database"
)

func scanSite(r database.Row) (Site, error) {
	var s Site
	var created int64
	err := r.Scan(&s.ID, &s.Name, &s.Default, &created)
	s.CreatedAt = database.Instant(created)
	return s, err
}

func allSites(q database.Querier) ([]Site, error) {
	return database.All(q, scanSite, `SELECT id, name, is_default, created_at FROM site
		ORDER BY is_default DESC, name_key`)
}

func defaultSite(q database.Querier) (Site, error) {
	return database.One(q, scanSite, `SELECT id, name, is_default, created_at FROM site WHERE is_default = 1`)
}

func siteByIDOrName(q database.Querier, named string) (Site, error) {
	return database.One(q, scanSite, `SELECT id, name, is_default, created_at FROM site
		WHERE id = ? OR name_key = ? ORDER BY CASE WHEN id = ? THEN 0 ELSE 1 END LIMIT 1`, named, nameKey(named), named)
}

func insertSite(tx *database.Tx, s Site) error {
	_, err := tx.Exec(`INSERT INTO site (id, name, name_key, is_default, created_at) VALUES (?, ?, ?, ?, ?)`,
		s.ID, s.Name, nameKey(s.Name), s.Default, database.Micros(s.CreatedAt))
	return err
}

func renameSite(tx *database.Tx, id, name string) error {
	_, err := tx.Exec(`UPDATE site SET name = ?, name_key = ? WHERE id = ?`, name, nameKey(name), id)
	return err
}

func scanSource(r database.Row) (Source, error) {
	var s Source
	var created int64
	var heard database.NullInstant
	err := r.Scan(&s.Name, &s.Kind, &s.SiteID, &s.SiteName, &created, &heard, &s.Devices)
	s.CreatedAt, s.HeardAt = database.Instant(created), heard.Ptr()
	return s, err
}

func allSources(q database.Querier) ([]Source, error) {
	return database.All(q, scanSource, `SELECT s.name, s.kind, s.site_id, t.name, s.created_at, s.heard_at,
		(SELECT count(*) FROM sighting g WHERE g.source = s.name AND g.state = 'managed')
		FROM source s JOIN site t ON t.id = s.site_id ORDER BY s.name`)
}

// sourceByName gives a source and its sealed secret, without counting devices.
func sourceByName(q database.Querier, name string) (s Source, sealed []byte, err error) {
	s, err = database.One(q, func(r database.Row) (Source, error) {
		var s Source
		var created int64
		var heard database.NullInstant
		err := r.Scan(&s.Name, &s.Kind, &s.SiteID, &sealed, &created, &heard)
		s.CreatedAt, s.HeardAt = database.Instant(created), heard.Ptr()
		return s, err
	}, `SELECT name, kind, site_id, secret, created_at, heard_at FROM source WHERE name = ?`, name)
	return s, sealed, err
}

func insertSource(tx *database.Tx, s Source, sealed []byte) error {
	_, err := tx.Exec(`INSERT INTO source (name, kind, site_id, secret, created_at) VALUES (?, ?, ?, ?, ?)`,
		s.Name, s.Kind, s.SiteID, sealed, database.Micros(s.CreatedAt))
	return err
}

// sitesOfSources gives the site of each source.
func sitesOfSources(q database.Querier) (map[string]string, error) {
	sites := map[string]string{}
	err := database.Each(q, func(r database.Row) error {
		var name, site string
		if err := r.Scan(&name, &site); err != nil {
			return err
		}
		sites[name] = site
		return nil
	}, `SELECT name, site_id FROM source`)
	return sites, err
}

// heard notes that a source told something, and the silence before it if that was
// as long as the shortest that anybody can ask for.
func heard(tx *database.Tx, source string, at time.Time) error {
	_, err := tx.Exec(`INSERT INTO silence (source, from_at, to_at)
		SELECT name, heard_at, ? FROM source WHERE name = ? AND heard_at < ? ON CONFLICT DO NOTHING`,
		database.Micros(at), source, database.Micros(unseenBefore(at, 1)))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE source SET heard_at = ? WHERE name = ? AND (heard_at IS NULL OR heard_at < ?)`,
		database.Micros(at), source, database.Micros(at))
	return err
}

// silentSources gives the sources that manage devices and have told nothing since
// then, or were as silent at a time that ended after it.
func silentSources(q database.Querier, before time.Time, long time.Duration) ([]Silence, error) {
	return database.All(q, func(r database.Row) (Silence, error) {
		var s Silence
		var heard int64
		err := r.Scan(&s.Source, &heard, &s.Ended)
		s.HeardAt = database.Instant(heard)
		return s, err
	}, `SELECT s.name, coalesce(s.heard_at, s.created_at), CASE WHEN coalesce(s.heard_at, s.created_at) < ? THEN 0 ELSE 1 END
		FROM source s
		WHERE EXISTS (SELECT 1 FROM sighting g WHERE g.source = s.name AND g.state = 'managed')
		AND (coalesce(s.heard_at, s.created_at) < ?
			OR EXISTS (SELECT 1 FROM silence q WHERE q.source = s.name AND q.to_at > ? AND q.to_at - q.from_at > ?))
		ORDER BY s.name`,
		database.Micros(before), database.Micros(before), database.Micros(before), long.Microseconds())
}
