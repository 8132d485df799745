package httpapi_test

func invitationRows() rows { return rows{} }
