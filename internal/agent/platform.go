package agent

import "strings"

// Platform says which license type counts a device. It is empty as long as no
// source has said what kind of device it is.
type Platform string

// The platforms.
const (
	Unknown Platform = ""
	Mac     Platform = "mac"    // Mac computers
	Mobile  Platform = "mobile" // every other Apple device
)

// macModels are beginnings of the model identifiers and names that Macs have,
// the virtual ones of Apple's and of other hypervisors among them.
func macModels() []string {
	return []string{"mac", "imac", "xserve", "virtualmac", "apple virtual machine", "vmware", "parallels"}
}

// PlatformOf tells the platform by what a device says of its model, such as
// "Mac14,2", "MacBook Pro" or "iPad7,5". Macs are known by name and all other
// Apple devices are mobile (P1); with nothing said the platform is unknown.
func PlatformOf(models ...string) Platform {
	platform := Unknown
	for _, model := range models {
		model = strings.ToLower(strings.TrimSpace(model))
		if model == "" {
			continue
		}
		platform = Mobile
		for _, start := range macModels() {
			if strings.HasPrefix(model, start) {
				return Mac
			}
		}
	}
	return platform
}

// LicenseType maps a license type of the product to the devices it counts.
type LicenseType struct {
	Code     string   // as the publisher's plan names it, such as desktop
	Platform Platform // Mac or Mobile
	Metric   string   // what the plan counts; a license says it, this is for before there is one
}

// defaultMetric is what plans that count devices name their metric.
const defaultMetric = "devices"

// DefaultLicenseTypes are those of a product that licenses Macs and mobile
// devices apart (P1).
func DefaultLicenseTypes() []LicenseType {
	return []LicenseType{
		{Code: "desktop", Platform: Mac, Metric: defaultMetric},
		{Code: "mobile", Platform: Mobile, Metric: defaultMetric},
	}
}
