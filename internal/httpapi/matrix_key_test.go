package httpapi_test

func keyRows() rows { return rows{} }
