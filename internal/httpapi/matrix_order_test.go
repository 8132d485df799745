package httpapi_test

func orderRows() rows { return rows{} }
