import { addressWays, defaultOptions, privacyWays } from "../collect/options.ts"
import { bytes, count, list, listenAddress, oneOf, optionalAddress, secret, setting } from "./setting-types.ts"

/** Settings of what takes hits over HTTP. */
export const collectSettings = {
  port: setting("port", "Port where hits are taken; host:port binds one address.", listenAddress, { host: null, port: 8080 }),
  collect: setting(
    "collect",
    "Port where `run` takes hits over HTTP, into the stream in the folder --stream that it reads; host:port binds one address. Without --stream the folder is _stream in the lake.",
    optionalAddress,
    null
  ),
  origins: setting(
    "origins",
    "Origins whose pages may read the answers, such as https://shop.example; `*`: all, without credentials. Hits are taken from everywhere.",
    list,
    ["*"]
  ),
  privacy: setting(
    "privacy",
    "What becomes of hits whose clients ask for privacy (Sec-GPC, DNT, aip): `ignore`; `anonymise`, which keeps the network of the address alone, and no user id where the browser asks; `drop`.",
    oneOf(privacyWays),
    "anonymise"
  ),
  clientIp: setting(
    "client-ip",
    "What is kept of a client's address: `whole`, its `network` (IPv4 /24, IPv6 /48), or `none`.",
    oneOf(addressWays),
    "network"
  ),
  trustedProxies: setting(
    "trusted-proxies",
    "Proxies of yours before this process, each of which adds to X-Forwarded-For. Too few: the address is a proxy's; too many: it is what the client says.",
    count(0),
    0
  ),
  apiKeys: setting(
    "api-keys",
    "Keys, with commas between them, that let a client say `ua` and `uip` of a hit. An unknown one is refused.",
    secret,
    null
  ),
  requireApiKey: setting("require-api-key", "Are hits without an API key refused? No browser can keep one.", oneOf(["no", "yes"]), "no"),
  hitsPerSecond: setting(
    "hits-per-second",
    "Hits that are taken each second of one API key, or of one address without a key, with bursts of two seconds; 0 bounds nothing.",
    count(0),
    0
  ),
  maxHitBytes: setting("max-hit-bytes", "Largest hit that is taken; a stream takes records of 1 MiB.", bytes, defaultOptions.maxHitBytes),
  maxBodyBytes: setting("max-body-bytes", "Largest body that is taken, unpacked as well.", bytes, defaultOptions.maxBodyBytes),
  maxBatchHits: setting("max-batch-hits", "Most hits of one request.", count(1), defaultOptions.maxBatchHits),
  maxConnections: setting(
    "max-connections",
    "Most connections; more are closed at once. No more than the open files that the process may have.",
    count(1),
    10_000
  ),
  queueHits: setting(
    "queue-hits",
    "Hits that may wait to be stored; more are answered 503. Many: bursts are taken, and late answers come later.",
    count(1),
    50_000
  ),
  queueBytes: setting("queue-bytes", "Bytes of hits and bodies that may be held; more are answered 503.", bytes, 64 * 1024 * 1024),
  accessLog: setting(
    "access-log",
    "Write a line of JSON for each request on standard error: method, path, status, hits, bytes and time, never by whom or of what.",
    oneOf(["off", "on"]),
    "off"
  )
} as const

/** What says how hits are taken, over whatever they come in. */
export const collectNames = [
  "origins",
  "privacy",
  "clientIp",
  "apiKeys",
  "requireApiKey",
  "maxHitBytes",
  "maxBodyBytes",
  "maxBatchHits"
] as const

/** What a server of hits can be told, beside where. */
export const hitsNames = [
  ...collectNames,
  "trustedProxies",
  "hitsPerSecond",
  "maxConnections",
  "queueHits",
  "queueBytes",
  "accessLog",
  "metricsPort",
  "endpoint",
  "region",
  "streamShards",
  "streamRetention",
  "streamBytes"
] as const
