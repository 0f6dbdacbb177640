// Bluesky's PDS and its PLC directory in one process, for tests: `node pds.mjs` with the PDS_* variables set.
// PODWRIGHT_LISTEN is the address of both (127.0.0.1 unless set; 0.0.0.0 in a container).
import http from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(`${process.env.PODWRIGHT_PDS_MODULES}/`)
const load = (name) => import(pathToFileURL(require.resolve(name)))

const address = process.env.PODWRIGHT_LISTEN ?? '127.0.0.1'
const listen = http.Server.prototype.listen // both servers call listen(port), which would open every interface
http.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, port, address, ...rest.filter((value) => typeof value === 'function'))
}

const { default: plc } = await load('@did-plc/server')
const directory = plc.PlcServer.create({ db: plc.Database.mock(), port: 0 })
// By name: the PDS refuses to resolve DIDs at an IP address.
process.env.PDS_DID_PLC_URL = `http://localhost:${(await directory.start()).address().port}`

const { PDS, envToCfg, envToSecrets, readEnv } = await load('@atproto/pds')
const environment = readEnv()
const pds = await PDS.create(envToCfg(environment), envToSecrets(environment))
await pds.start()

const stop = async () => {
  await pds.destroy()
  await directory.destroy()
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
