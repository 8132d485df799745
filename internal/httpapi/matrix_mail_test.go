package httpapi_test

func mailRows() rows { return rows{} }
