package database

import "strings"

// batchArguments bounds the arguments of one statement of InsertAll; both
// engines take more.
const batchArguments = 4000

// InsertAll stores many rows with few statements, in the order given. into names
// the table and its columns, as in "site (id, name)".
func (tx *Tx) InsertAll(into string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(len(rows), max(1, batchArguments/max(1, len(rows[0]))))
		args := make([]any, 0, n*len(rows[0]))
		for _, row := range rows[:n] {
			args = append(args, row...)
		}
		one := "(?" + strings.Repeat(", ?", len(rows[0])-1) + ")"
		if _, err := tx.Exec("INSERT INTO "+into+" VALUES "+one+strings.Repeat(", "+one, n-1), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// AllIn gives what a query finds for many values, some at a time. The query holds
// IN (%), once, for the values; args come before them.
func AllIn[T any](q Querier, scan func(Row) (T, error), query string, values []string, args ...any) ([]T, error) {
	var found []T
	for len(values) > 0 {
		n := min(len(values), batchArguments/4)
		all := append([]any(nil), args...)
		for _, v := range values[:n] {
			all = append(all, v)
		}
		some, err := All(q, scan, strings.Replace(query, "(%)", "(?"+strings.Repeat(", ?", n-1)+")", 1), all...)
		if err != nil {
			return nil, err
		}
		found, values = append(found, some...), values[n:]
	}
	return found, nil
}
