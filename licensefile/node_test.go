package licensefile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/licethq/licet/licensefile"
)

// leastNode is the first major version of Node whose crypto has what verify.mjs uses.
const leastNode = 20

// node gives the path of Node, or skips the test with the reason. Where
// LICET_REQUIRE names node, its absence is a failure.
func node(t *testing.T) string {
	t.Helper()
	absent := t.Skipf
	if slices.Contains(strings.Split(os.Getenv("LICET_REQUIRE"), ","), "node") {
		absent = t.Fatalf
	}
	path, err := exec.LookPath("node")
	if err != nil {
		absent("verifying with Node's crypto needs node: %v", err)
	}
	version, err := exec.CommandContext(t.Context(), path, "--version").Output()
	if err != nil {
		absent("node --version: %v", err)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(string(version), "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < leastNode {
		absent("verifying with Node's crypto needs node %d or later, this is %s", leastNode, version)
	}
	return path
}

// verifyWithNode runs testdata/verify.mjs and gives the license it printed, or
// the code it refused with.
func verifyWithNode(t *testing.T, path string, p *publisher, file []byte, now time.Time, list string) (license []byte, code string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	args := []string{
		filepath.Join("testdata", "verify.mjs"),
		"--root", write("root.pem", licensefile.TrustPEM(p.rootDER)),
		"--product", product, "--now", now.Format(time.RFC3339),
	}
	if list != "" {
		args = append(args, "--revocations", write("revocations.jose", []byte(list)))
	}
	cmd := exec.CommandContext(t.Context(), path, append(args, write("license.licet", file))...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatalf("running node: %v", err)
	}
	return stdout.Bytes(), strings.TrimSpace(stderr.String())
}

func TestNodeVerifiesWhatGoSealed(t *testing.T) {
	path := node(t)
	p := newPublisher(t, publisherA, "Example Software")
	want := aLicense(publisherA)
	file := licensefile.Armor(licensefile.ArmorLicense, sealed(t, want, p.signer))
	printed, code := verifyWithNode(t, path, p, file, issued.Add(time.Hour), "")
	if code != "" {
		t.Fatalf("node refused a sound license: %s", code)
	}
	var got licensefile.License
	if err := json.Unmarshal(printed, &got); err != nil {
		t.Fatalf("node printed %q: %v", printed, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("license (-sealed +verified by node):\n%s", diff)
	}
}

// Node and Go must refuse the same files with the same code, so that the
// documentation describes both.
func TestNodeRefusesWhatGoRefuses(t *testing.T) {
	path := node(t)
	p := newPublisher(t, publisherA, "Example Software")
	impostor := newPublisher(t, publisherA, "Impostor")
	_, second := p.certify(t, "second leaf", rootFrom, leafTo)
	compact := sealed(t, aLicense(publisherA), p.signer)
	leafKey := keyOf("Example Software leaf")
	armored := func(compact string) []byte { return licensefile.Armor(licensefile.ArmorLicense, compact) }
	payload := func(members map[string]string) []byte {
		return armored(forge(publisherHeader(licensefile.TypeLicense, p.leafDER, ""), edited(t, aLicense(publisherA), members), leafKey))
	}
	revoked := aList(p.leafDER)
	list, err := licensefile.SealRevocations(revoked, p.rootKey)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(at int) []byte {
		data := []byte(compact)
		data[at] = map[bool]byte{true: 'B', false: 'A'}[data[at] == 'A']
		return armored(string(data))
	}
	parts := strings.Split(compact, ".")
	raised := strings.Replace(jsonOf(t, aLicense(publisherA)), `"maximum":10`, `"maximum":90`, 1)
	soon := issued.Add(time.Hour)

	for _, c := range []struct {
		name string
		file []byte
		now  time.Time
		list string
		want string
	}{
		{"sound", armored(compact), soon, "", ""},
		{"wrapped by mail", bytes.ReplaceAll(armored(compact), []byte("\n"), []byte("\r\n ")), soon, "", ""},
		{"another root", armored(sealed(t, aLicense(publisherA), impostor.signer)), soon, "", licensefile.CodeChainUntrusted},
		{"an impostor under the root's own name", armored(sealed(t, aLicense(publisherA), p.copycat(t).signer)), soon, "", licensefile.CodeChainUntrusted},
		{"the root as signing certificate", armored(forge(publisherHeader(licensefile.TypeLicense, p.rootDER, ""), jsonOf(t, aLicense(publisherA)), p.rootKey)), soon, "", licensefile.CodeChainUntrusted},
		{"issued after the certificate's end", payload(map[string]string{"iat": strconv.FormatInt(leafTo.Unix()+1, 10)}), soon, "", licensefile.CodeCertificateExpired},
		{"outlives the certificate", payload(map[string]string{"exp": strconv.FormatInt(leafTo.Unix()+1, 10)}), soon, "", licensefile.CodeCertificateExpired},
		{"one byte of the payload changed: 10 devices become 90", armored(parts[0] + "." + b64.EncodeToString([]byte(raised)) + "." + parts[2]), soon, "", licensefile.CodeSignatureInvalid},
		{"one byte of the signature changed", changed(len(compact) - 30), soon, "", licensefile.CodeSignatureInvalid},
		{"revoked certificate", armored(compact), soon, list, licensefile.CodeCertificateRevoked},
		{"revoked, but signed by another", armored(sealed(t, aLicense(publisherA), second)), soon, list, ""},
		{"another publisher's iss", payload(map[string]string{"iss": `"` + publisherB + `"`}), soon, "", licensefile.CodeWrongPublisher},
		{"another product", payload(map[string]string{"aud": `"other"`}), soon, "", licensefile.CodeWrongProduct},
		{"ended", armored(compact), ends, "", licensefile.CodeLicenseExpired},
		{"not yet issued", armored(compact), issued.Add(-time.Second), "", licensefile.CodeLicenseNotYetValid},
		{"a member twice", armored(forge(publisherHeader(licensefile.TypeLicense, p.leafDER, ""), `{"exp":9999999999,`+jsonOf(t, aLicense(publisherA))[1:], leafKey)), soon, "", licensefile.CodeFileMalformed},
		{"a member twice, deep and escaped", payload(map[string]string{"x": `[{"a":{"b":1,"\u0062":2}}]`}), soon, "", licensefile.CodeFileMalformed},
		{"critical members", armored(forge(publisherHeader(licensefile.TypeLicense, p.leafDER, `,"crit":["x"]`), jsonOf(t, aLicense(publisherA)), leafKey)), soon, "", licensefile.CodeAlgorithmNotAllowed},
		{"no algorithm", armored(forge(strings.Replace(publisherHeader(licensefile.TypeLicense, p.leafDER, ""), "EdDSA", "none", 1), jsonOf(t, aLicense(publisherA)), leafKey)), soon, "", licensefile.CodeAlgorithmNotAllowed},
		{"a receipt's type", armored(forge(publisherHeader(licensefile.TypeReceipt, p.leafDER, ""), jsonOf(t, aLicense(publisherA)), leafKey)), soon, "", licensefile.CodeWrongType},
		{"a request's label", licensefile.Armor(licensefile.ArmorRequest, compact), soon, "", licensefile.CodeWrongType},
		{"text around the block", append([]byte("hello\n"), armored(compact)...), soon, "", licensefile.CodeFileMalformed},
		{"too large", bytes.Repeat([]byte(" "), licensefile.MaxSize+1), soon, "", licensefile.CodeFileTooLarge},
		{"stray bits", armored(compact[:len(compact)-1] + string(compact[len(compact)-1]+1)), soon, "", licensefile.CodeFileMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, code := verifyWithNode(t, path, p, c.file, c.now, c.list)
			if code != c.want {
				t.Errorf("node: got %q, want %q", code, c.want)
			}
			wantCode(t, verifyWithGo(p, c.file, c.now, c.list), c.want)
		})
	}
}

// verifyWithGo does what verify.mjs does.
func verifyWithGo(p *publisher, file []byte, now time.Time, list string) error {
	label, compact, err := licensefile.Dearmor(file)
	if err != nil {
		return err
	}
	if label != licensefile.ArmorLicense {
		return licensefile.NewRefusal(licensefile.CodeWrongType, nil)
	}
	var held *licensefile.Revocations
	if list != "" {
		if held, err = p.trust.OpenRevocations(list); err != nil {
			return err
		}
	}
	_, err = p.trust.VerifyLicense(compact, product, now, held)
	return err
}

// The documentation shows the very files that are tested here.
func TestDocumentationShowsWhatIsTested(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "file-format.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"verify.mjs", "golden/root.pem", "golden/license.licet"} {
		shown, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(page, shown) {
			t.Errorf("docs/file-format.md does not contain licensefile/testdata/%s as it is; copy it there", name)
		}
	}
}

// The documentation lists every code of the package.
func TestDocumentationListsEveryCode(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "file-format.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range licensefile.RefusalCodes() {
		if !bytes.Contains(page, []byte("`"+code+"`")) {
			t.Errorf("docs/file-format.md does not explain `%s`", code)
		}
	}
}
