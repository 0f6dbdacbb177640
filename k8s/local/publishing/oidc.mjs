// An OpenID Connect provider for tests: `node oidc.mjs` with PODWRIGHT_OIDC_PORT and PODWRIGHT_OIDC_REDIRECTS set.
// Whoever signs in as NAME is NAME with the address NAME, verified unless NAME begins with "unverified".
import http from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(`${process.env.PODWRIGHT_OIDC_MODULES}/`)
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')))

const port = Number(process.env.PODWRIGHT_OIDC_PORT)
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'RS256' }
const claims = (id) => ({ sub: id, email: id, email_verified: !id.startsWith('unverified'), name: id.split('@')[0] })
const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys: [jwk] },
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true },
  clients: [
    {
      client_id: 'podwright',
      client_secret: 'the-secret-of-podwright',
      redirect_uris: process.env.PODWRIGHT_OIDC_REDIRECTS.split(','),
      response_types: ['code'],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: async (_context, id) => ({ accountId: id, claims: async () => claims(id) }),
})
const server = http.createServer(provider.callback()).listen(port, '127.0.0.1')
process.on('SIGTERM', () => server.close(() => process.exit(0)) && server.closeAllConnections())
