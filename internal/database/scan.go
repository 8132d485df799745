package database

import (
	"database/sql"
	"fmt"
	"reflect"
	"strconv"
)

// scanValues copies the columns of a row into pointers.
func scanValues[V any](values []V, dest []any) error {
	if len(dest) != len(values) {
		return fmt.Errorf("the row has %d columns, not %d", len(values), len(dest))
	}
	for i, d := range dest {
		if err := scanValue(d, values[i]); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// scanValue copies a column into dest, for the types that Row documents and alike
// on both engines. Values are int64, float64, string, []byte (owned by the
// receiver) or nil; on PostgreSQL also bool, which a comparison gives there.
func scanValue(dest, src any) error {
	if b, ok := src.(bool); ok {
		src = truth(b)
	}
	switch d := dest.(type) {
	case *string:
		if s, ok := src.(string); ok {
			*d = s
			return nil
		}
	case *int64:
		if n, ok := src.(int64); ok {
			*d = n
			return nil
		}
	case *int:
		if n, ok := src.(int64); ok {
			*d = int(n)
			return nil
		}
	case *bool:
		if n, ok := src.(int64); ok && (n == 0 || n == 1) {
			*d = n == 1
			return nil
		}
	case *[]byte:
		return scanBytes(d, src)
	case *any:
		*d = src
		return nil
	case sql.Scanner:
		return d.Scan(src)
	}
	return scanKind(dest, src)
}

func scanBytes(d *[]byte, src any) error {
	switch s := src.(type) {
	case nil:
		*d = nil
	case []byte:
		*d = owned(s)
	case string:
		*d = []byte(s)
	default:
		return fmt.Errorf("a %T does not fit a []byte", src)
	}
	return nil
}

// scanKind takes named types, and pointers for columns that may be NULL.
func scanKind(dest, src any) error {
	r := reflect.ValueOf(dest)
	if r.Kind() != reflect.Pointer || r.IsNil() {
		return fmt.Errorf("cannot scan into a %T", dest)
	}
	r = r.Elem()
	if r.Kind() == reflect.Pointer {
		if src == nil {
			r.SetZero()
			return nil
		}
		fresh := reflect.New(r.Type().Elem())
		if err := scanValue(fresh.Interface(), src); err != nil {
			return err
		}
		r.Set(fresh)
		return nil
	}
	if setKind(r, src) {
		return nil
	}
	if src == nil {
		return fmt.Errorf("NULL does not fit a %s", r.Type())
	}
	return fmt.Errorf("a %T does not fit a %s", src, r.Type())
}

func setKind(r reflect.Value, src any) bool {
	switch s := src.(type) {
	case string:
		return setText(r, s)
	case int64:
		return setInteger(r, s)
	case float64:
		if r.CanFloat() {
			r.SetFloat(s)
			return true
		}
	case []byte:
		return setBytes(r, s)
	case nil:
		if r.Kind() == reflect.Slice && r.Type().Elem().Kind() == reflect.Uint8 {
			r.SetZero()
			return true
		}
	}
	return false
}

// setText also takes a sum, which is a decimal text on PostgreSQL.
func setText(r reflect.Value, s string) bool {
	if r.Kind() == reflect.String {
		r.SetString(s)
		return true
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && r.CanInt() {
		return setInteger(r, n)
	}
	return false
}

func setInteger(r reflect.Value, n int64) bool {
	switch {
	case r.CanInt() && !r.OverflowInt(n):
		r.SetInt(n)
	case r.CanUint() && n >= 0 && !r.OverflowUint(uint64(n)):
		r.SetUint(uint64(n))
	case r.Kind() == reflect.Bool && (n == 0 || n == 1):
		r.SetBool(n == 1)
	case r.CanFloat():
		r.SetFloat(float64(n))
	default:
		return false
	}
	return true
}

// setBytes also takes JSON, which comes as bytes from PostgreSQL, into a text.
func setBytes(r reflect.Value, b []byte) bool {
	if r.Kind() == reflect.String {
		r.SetString(string(b))
		return true
	}
	if r.Kind() == reflect.Slice && r.Type().Elem().Kind() == reflect.Uint8 {
		r.SetBytes(owned(b))
		return true
	}
	return false
}

// owned keeps an empty blob apart from NULL; the driver has copied the bytes.
func owned(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
