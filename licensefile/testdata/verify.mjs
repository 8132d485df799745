// Verifies a Licet license file with Node's own crypto (Node 20 or later).
//
//   node verify.mjs --root publisher.pem --product CODE [--revocations FILE] [--now INSTANT] license.licet
//
// Prints the license as JSON and exits 0; or prints the code of the first check
// that failed and exits 1.
import { createHash, verify, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const MAX_SIZE = 256 * 1024

function refuse(code) {
  const error = new Error(code)
  error.code = code
  throw error
}

// One PEM block of the given label; white space does not matter, nothing else may be there.
function dearmor(file, label) {
  if (file.length > MAX_SIZE) refuse('file_too_large')
  const text = utf8(file).trim() // trim also takes a byte order mark away
  const match = /^-----BEGIN ([^\r\n]*?)-----([A-Za-z0-9+/=\s]*)-----END \1-----$/.exec(text)
  if (!match) refuse('file_malformed')
  if (match[1] !== label) refuse('wrong_type')
  return utf8(strictBase64(match[2].replace(/\s/g, ''), 'base64'))
}

function utf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    refuse('file_malformed')
  }
}

// Buffer forgives wrong characters, padding and stray bits; encoding again shows them.
function strictBase64(text, encoding) {
  const bytes = Buffer.from(text, encoding)
  if (bytes.toString(encoding) !== text) refuse('file_malformed')
  return bytes
}

// A JSON object in which no name stands twice, however deep. JSON.parse checks
// the grammar, and would keep the last of two equal names in silence.
function parseObject(bytes) {
  const text = utf8(bytes)
  let value
  try {
    value = JSON.parse(text)
  } catch {
    refuse('file_malformed')
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) refuse('file_malformed')
  const stack = []
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    const top = stack.at(-1)
    if (token === '{') stack.push({ names: new Set(), name: true })
    else if (token === '[') stack.push({})
    else if (token === '}' || token === ']') stack.pop()
    else if (token === ',') top.name = top.names !== undefined
    else if (top.name) {
      const name = JSON.parse(token)
      if (top.names.has(name)) refuse('file_malformed')
      top.names.add(name)
      top.name = false
    }
  }
  return value
}

// Takes a compact JWS apart and checks what can be checked without a key.
function open(compact, type) {
  const parts = compact.split('.')
  if (parts.length !== 3) refuse('file_malformed')
  const [head, body, signature] = parts.map((part) => strictBase64(part, 'base64url'))
  const header = parseObject(head)
  if ('crit' in header) refuse('algorithm_not_allowed')
  if (header.typ !== type) refuse('wrong_type')
  if (header.alg !== 'EdDSA') refuse('algorithm_not_allowed')
  if (signature.length !== 64) refuse('signature_invalid')
  return { header, payload: parseObject(body), input: Buffer.from(`${parts[0]}.${parts[1]}`), signature }
}

// The publisher id: the only name in a certificate.
function publisherOf(certificate) {
  const match = /^URI:(urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(certificate.subjectAltName ?? '')
  if (!match || certificate.publicKey.asymmetricKeyType !== 'ed25519') refuse('chain_untrusted')
  return match[1]
}

function aliveAt(certificate, seconds) {
  return Date.parse(certificate.validFrom) <= seconds * 1000 && seconds * 1000 <= Date.parse(certificate.validTo)
}

// The signing certificate in the header, checked against the root at the message's own time.
function signingCertificate(header, root, seconds) {
  if (!header.x5c?.length) refuse('chain_untrusted')
  let leaf
  try {
    leaf = new X509Certificate(strictBase64(header.x5c[0], 'base64'))
  } catch {
    refuse('file_malformed')
  }
  if (leaf.ca || publisherOf(leaf) !== publisherOf(root)) refuse('chain_untrusted')
  if (!root.ca || !leaf.checkIssued(root) || !leaf.verify(root.publicKey)) refuse('chain_untrusted')
  if (!aliveAt(leaf, seconds) || !aliveAt(root, seconds)) refuse('certificate_expired')
  return leaf
}

// The publisher's list of signing certificates that are trusted no more, signed
// by the root itself.
function revokedCertificates(file, root) {
  const { payload, input, signature } = open(utf8(file).trim(), 'licet-revocations+jwt')
  if (payload.iss !== publisherOf(root)) refuse('chain_untrusted')
  if (!verify(null, input, root.publicKey, signature)) refuse('signature_invalid')
  if (!aliveAt(root, payload.iat)) refuse('certificate_expired')
  return payload.certificates
}

export function verifyLicense(file, { root, product, now, revocations }) {
  const { header, payload, input, signature } = open(dearmor(file, 'LICET LICENSE'), 'licet-license+jwt')
  if (!Number.isSafeInteger(payload.iat) || !Number.isSafeInteger(payload.exp)) refuse('file_malformed')
  const leaf = signingCertificate(header, root, payload.iat)
  const revoked = revocations ? revokedCertificates(revocations, root) : []
  if (revoked.includes(createHash('sha256').update(leaf.raw).digest('base64url'))) refuse('certificate_revoked')
  if (!verify(null, input, leaf.publicKey, signature)) refuse('signature_invalid')
  if (payload.iss !== publisherOf(leaf)) refuse('wrong_publisher')
  if (payload.exp * 1000 > Date.parse(leaf.validTo)) refuse('certificate_expired')
  if (payload.aud !== product) refuse('wrong_product')
  if (now >= payload.exp * 1000) refuse('license_expired')
  if (now < payload.iat * 1000) refuse('license_not_yet_valid')
  return payload
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { root: { type: 'string' }, product: { type: 'string' }, revocations: { type: 'string' }, now: { type: 'string' } },
})
try {
  const license = verifyLicense(readFileSync(positionals[0]), {
    root: new X509Certificate(readFileSync(values.root)),
    product: values.product,
    now: values.now ? Date.parse(values.now) : Date.now(),
    revocations: values.revocations ? readFileSync(values.revocations) : undefined,
  })
  console.log(JSON.stringify(license, null, 2))
} catch (error) {
  console.error(error.code ?? error)
  process.exitCode = 1
}
