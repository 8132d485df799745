package httpapi_test

func deviceRows() rows { return rows{} }
