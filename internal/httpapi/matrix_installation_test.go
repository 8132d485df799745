package httpapi_test

func installationRows() rows { return rows{} }
