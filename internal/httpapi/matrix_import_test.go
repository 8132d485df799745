package httpapi_test

func importRows() rows { return rows{} }
