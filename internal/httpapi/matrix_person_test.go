package httpapi_test

func personRows() rows { return rows{} }
