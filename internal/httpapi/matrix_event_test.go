package httpapi_test

func eventRows() rows { return rows{} }
