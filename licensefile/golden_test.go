package licensefile_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/licensefile"
)

// update writes the files in testdata/golden anew. They are what programs in the
// field have on their disks: a change to them is a break, not an update.
var update = flag.Bool("update", false, "write testdata/golden anew")

// golden gives a file of testdata/golden; with -update it writes made first.
func golden(t *testing.T, name string, made []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFilesOfTheFirstReleaseAreStillRead opens what was sealed when the format
// was new, with the root exported then.
func TestFilesOfTheFirstReleaseAreStillRead(t *testing.T) {
	p := newPublisher(t, publisherA, "Example Software")
	receipt, err := licensefile.SealReceipt(aReceipt(publisherA), p.signer)
	if err != nil {
		t.Fatal(err)
	}
	list, err := licensefile.SealRevocations(aList(p.leafDER), p.rootKey)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := licensefile.ParseTrust(golden(t, "root.pem", licensefile.TrustPEM(p.rootDER)))
	if err != nil {
		t.Fatalf("root.pem: %v", err)
	}
	dearmored := func(name string, label licensefile.Armored, made string) string {
		got, compact, err := licensefile.Dearmor(golden(t, name, licensefile.Armor(label, made)))
		if err != nil || got != label {
			t.Fatalf("%s: got %q, %v", name, got, err)
		}
		return compact
	}

	request, err := licensefile.OpenRequest(dearmored("request.licet", licensefile.ArmorRequest, sealedRequest(t, aRequest())), publisherA)
	if err != nil {
		t.Fatalf("request.licet: %v", err)
	}
	if diff := cmp.Diff(aRequest(), request.Request); diff != "" {
		t.Errorf("request.licet (-want +got):\n%s", diff)
	}
	gotLicense, err := trust.OpenLicense(dearmored("license.licet", licensefile.ArmorLicense, sealed(t, aLicense(publisherA), p.signer)), expectation())
	if err != nil {
		t.Fatalf("license.licet: %v", err)
	}
	if diff := cmp.Diff(ptr(aLicense(publisherA)), gotLicense); diff != "" {
		t.Errorf("license.licet (-want +got):\n%s", diff)
	}
	gotReceipt, err := trust.OpenReceipt(dearmored("receipt.licet", licensefile.ArmorReceipt, receipt), expectation())
	if err != nil {
		t.Fatalf("receipt.licet: %v", err)
	}
	if diff := cmp.Diff(ptr(aReceipt(publisherA)), gotReceipt); diff != "" {
		t.Errorf("receipt.licet (-want +got):\n%s", diff)
	}
	gotList, err := trust.OpenRevocations(string(golden(t, "revocations.jose", []byte(list))))
	if err != nil {
		t.Fatalf("revocations.jose: %v", err)
	}
	if diff := cmp.Diff(ptr(aList(p.leafDER)), gotList); diff != "" {
		t.Errorf("revocations.jose (-want +got):\n%s", diff)
	}
}
