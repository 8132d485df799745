package httpapi_test

func memberRows() rows { return rows{} }
