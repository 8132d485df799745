package database

import (
	"database/sql/driver"
	"fmt"
	"reflect"
	"time"
)

// argument turns a Go value into one that both engines store alike: nil, int64,
// float64, string or []byte.
func argument(v any) (any, error) {
	switch x := v.(type) {
	case nil, int64, string, float64:
		return v, nil
	case []byte:
		if x == nil {
			return nil, nil // an untyped nil is NULL on both engines
		}
		return x, nil
	case int:
		return int64(x), nil
	case bool:
		return truth(x), nil // booleans are stored as 0 and 1 (DESIGN §6)
	case time.Time:
		return nil, fmt.Errorf("a time.Time is not stored; use Micros or a calendar day")
	case driver.Valuer:
		return valuerArgument(x)
	default:
		return kindArgument(v)
	}
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func valuerArgument(x driver.Valuer) (any, error) {
	if r := reflect.ValueOf(x); r.Kind() == reflect.Pointer && r.IsNil() {
		return nil, nil
	}
	v, err := x.Value()
	if err != nil {
		return nil, err
	}
	if _, again := v.(driver.Valuer); again {
		return nil, fmt.Errorf("%T gives a value that is not basic", x)
	}
	return argument(v)
}

// kindArgument takes named types and pointers.
func kindArgument(v any) (any, error) {
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Pointer:
		if r.IsNil() {
			return nil, nil
		}
		return argument(r.Elem().Interface())
	case reflect.String:
		return r.String(), nil
	case reflect.Bool:
		return truth(r.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int(), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(r.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return r.Float(), nil
	case reflect.Slice:
		if r.Type().Elem().Kind() == reflect.Uint8 {
			return argument(r.Bytes())
		}
	case reflect.Array:
		if r.Type().Elem().Kind() == reflect.Uint8 {
			b := make([]byte, r.Len())
			reflect.Copy(reflect.ValueOf(b), r)
			return b, nil
		}
	}
	return nil, fmt.Errorf("a %T cannot be stored", v)
}
