package httpapi_test

func usageRows() rows {
	return rows{
		"get-subscription-usage": {access: inOrganization(anyStaff, administrators), make: ofSold},
		"get-key-usage":          {access: ofKey(anyStaff, keyHolders), make: ofSoldKey},
		"get-activation-usage":   {access: ofKey(anyStaff, keyHolders), make: ofActivated},
	}
}
