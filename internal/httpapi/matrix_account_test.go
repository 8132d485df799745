package httpapi_test

func accountRows() rows { return rows{} }
