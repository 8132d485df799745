package database

// Waiting tells how many callers stand in the writer's queue.
func Waiting(db *DB) int {
	return len(db.b.(*sqliteDB).writer.queue)
}

// NumberPlaceholders is numberPlaceholders, for its tests.
func NumberPlaceholders(query string) string { return numberPlaceholders(query) }
