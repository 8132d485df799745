package httpapi_test

func staffRows() rows { return rows{} }
