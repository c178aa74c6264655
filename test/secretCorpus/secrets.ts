/** Texts, headers, URLs and objects that hold a secret. */
import type { Secret } from "./sample.js"
import { random, uuid } from "./sample.js"

const jwt = () => `eyJhbGciOiJIUzI1NiJ9.eyJ${random("alnum", 40)}.${random("url", 43)}`

/** Forms that secret scanners know by their shape, whatever name they stand under. */
const shapes: ReadonlyArray<readonly [string, string]> = [
  [
    "1password secret key",
    `A3-${random("upper", 6)}-${random("upper", 11)}-${random("upper", 5)}-${random("upper", 5)}-${random("upper", 5)}`
  ],
  ["1password service account", `ops_eyJ${random("alnum", 260)}`],
  ["adobe client secret", `p8e-${random("lower", 32)}`],
  ["age secret key", `AGE-SECRET-KEY-1${"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".repeat(2).slice(0, 58)}`],
  ["airtable token", `pat${random("alnum", 14)}.${random("hex", 64)}`],
  ["alibaba access key", `LTAI${random("alnum", 20)}`],
  ["anthropic admin key", `sk-ant-admin01-${random("url", 93)}AA`],
  ["anthropic key", `sk-ant-api03-${random("url", 93)}AA`],
  ["artifactory key", `AKCp${random("alnum", 69)}`],
  ["artifactory reference token", `cmVmd${random("alnum", 59)}`],
  ["atlassian token", `ATATT3${random("url", 186)}`],
  [
    "authress access key",
    `sc_${random("lower", 12)}.${random("lower", 5)}.acc_${random("lower", 16)}.${random("alnum", 60)}`
  ],
  ["aws access key", `AKIA${random("base32", 16)}`],
  ["aws temporary key", `ASIA${random("base32", 16)}`],
  ["aws bedrock long-lived", `ABSK${random("alnum", 120)}`],
  ["aws bedrock short-lived", `bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t${random("alnum", 60)}`],
  ["azure ad client secret", `${random("alnum", 3)}8Q~${random("url", 33)}`],
  ["clickhouse cloud key", `4b1d${random("alnum", 38)}`],
  ["clojars token", `CLOJARS_${random("lower", 60)}`],
  ["cloudflare origin ca key", `v1.0-${random("hex", 24)}-${random("hex", 146)}`],
  ["databricks token", `dapi${random("hex", 32)}`],
  ["digitalocean access token", `doo_v1_${random("hex", 64)}`],
  ["digitalocean pat", `dop_v1_${random("hex", 64)}`],
  ["digitalocean refresh token", `dor_v1_${random("hex", 64)}`],
  ["discord bot token", `MTA${random("alnum", 21)}.G${random("alnum", 5)}.${random("url", 38)}`],
  ["doppler token", `dp.pt.${random("alnum", 43)}`],
  ["duffel token", `duffel_live_${random("url", 43)}`],
  ["dynatrace token", `dt0c01.${random("upper", 24)}.${random("upper", 64)}`],
  ["easypost key", `EZAK${random("alnum", 54)}`],
  ["easypost test key", `EZTK${random("alnum", 54)}`],
  ["facebook page token", `EAAM${random("alnum", 110)}`],
  ["flutterwave secret key", `FLWSECK_TEST-${random("hex", 32)}-X`],
  ["fly.io token", `fo1_${random("url", 43)}`],
  ["fly.io macaroon", `fm2_${random("alnum", 120)}`],
  ["frame.io token", `fio-u-${random("url", 64)}`],
  ["gcp api key", `AIza${random("url", 35)}`],
  ["gcp oauth client secret", `GOCSPX-${random("url", 28)}`],
  ["gcp oauth access token", `ya29.${random("url", 120)}`],
  ["github app token", `ghs_${random("alnum", 36)}`],
  ["github user token", `ghu_${random("alnum", 36)}`],
  ["github fine-grained pat", `github_pat_${random("alnum", 22)}_${random("alnum", 59)}`],
  ["github oauth", `gho_${random("alnum", 36)}`],
  ["github pat", `ghp_${random("alnum", 36)}`],
  ["github refresh token", `ghr_${random("alnum", 36)}`],
  ["gitlab job token", `glcbt-64_${random("url", 20)}`],
  ["gitlab deploy token", `gldt-${random("url", 20)}`],
  ["gitlab feature flag token", `glffct-${random("url", 20)}`],
  ["gitlab feed token", `glft-${random("url", 20)}`],
  ["gitlab incoming mail token", `glimt-${random("url", 25)}`],
  ["gitlab agent token", `glagent-${random("url", 50)}`],
  ["gitlab oauth secret", `gloas-${random("url", 64)}`],
  ["gitlab pat", `glpat-${random("url", 20)}`],
  ["gitlab routable pat", `glpat-${random("url", 30)}.01${random("lower", 7)}`],
  ["gitlab trigger token", `glptt-${random("hex", 40)}`],
  ["gitlab runner registration", `GR1348941${random("url", 20)}`],
  ["gitlab runner token", `glrt-${random("url", 20)}`],
  ["gitlab scim token", `glsoat-${random("url", 20)}`],
  ["grafana key", `eyJrIjoi${random("alnum", 80)}`],
  ["grafana cloud token", `glc_${random("alnum", 40)}`],
  ["grafana service account", `glsa_${random("alnum", 32)}_${random("hex", 8)}`],
  ["groq key", `gsk_${random("alnum", 52)}`],
  ["harness key", `pat.${random("url", 22)}.${random("alnum", 24)}.${random("alnum", 20)}`],
  ["terraform cloud token", `${random("alnum", 14)}.atlasv1.${random("url", 65)}`],
  ["heroku key", `HRKU-AA${random("url", 58)}`],
  ["hugging face token", `hf_${random("letters", 34)}`],
  ["hugging face organization", `api_org_${random("letters", 34)}`],
  ["infracost token", `ico-${random("alnum", 32)}`],
  ["intra42 client secret", `s-s4t2ud-${random("hex", 64)}`],
  ["jwt", jwt()],
  ["jwt in base64", `ZXlKaGJHY2lPaU${random("alnum", 120)}`],
  ["linear key", `lin_api_${random("alnum", 40)}`],
  ["mailchimp key", `${random("hex", 32)}-us20`],
  ["mailgun key", `key-${random("hex", 32)}`],
  ["maxmind license key", `${random("alnum", 6)}_${random("alnum", 29)}_mmk`],
  ["notion token", `ntn_${random("digits", 11)}${random("alnum", 35)}`],
  ["npm token", `npm_${random("alnum", 36)}`],
  ["octopus deploy key", `API-${random("upper", 26)}`],
  ["openai key", `sk-${random("alnum", 20)}T3BlbkFJ${random("alnum", 20)}`],
  ["openai project key", `sk-proj-${random("url", 74)}T3BlbkFJ${random("url", 74)}`],
  ["openai service account key", `sk-svcacct-${random("url", 58)}T3BlbkFJ${random("url", 58)}`],
  ["openrouter key", `sk-or-v1-${random("hex", 64)}`],
  ["openshift token", `sha256~${random("url", 43)}`],
  ["perplexity key", `pplx-${random("alnum", 48)}`],
  ["planetscale token", `pscale_tkn_${random("url", 43)}`],
  ["planetscale oauth", `pscale_oauth_${random("url", 43)}`],
  ["planetscale password", `pscale_pw_${random("url", 43)}`],
  ["postman key", `PMAK-${random("hex", 24)}-${random("hex", 34)}`],
  ["prefect key", `pnu_${random("alnum", 36)}`],
  [
    "private key",
    `-----BEGIN RSA PRIVATE KEY-----\n${random("alnum", 64)}\n${random("alnum", 64)}\n-----END RSA PRIVATE KEY-----`
  ],
  ["private key on one line", `-----BEGIN EC PRIVATE KEY-----\\n${random("alnum", 64)}\\n-----END EC PRIVATE KEY-----`],
  ["pulumi token", `pul-${random("hex", 40)}`],
  ["pypi token", `pypi-AgEIcHlwaS5vcmc${random("url", 70)}`],
  ["readme key", `rdme_${random("lower", 70)}`],
  ["replicate token", `r8_${random("alnum", 37)}`],
  ["rubygems key", `rubygems_${random("hex", 48)}`],
  ["scalingo token", `tk-us-${random("url", 48)}`],
  ["sendgrid key", `SG.${random("url", 22)}.${random("url", 43)}`],
  ["sendinblue key", `xkeysib-${random("hex", 64)}-${random("alnum", 16)}`],
  [
    "sentry organization token",
    `sntrys_eyJpYXQiO${random("alnum", 60)}LCJyZWdpb25fdXJs${random("alnum", 40)}_${random("alnum", 43)}`
  ],
  ["sentry user token", `sntryu_${random("hex", 64)}`],
  ["settlemint application token", `sm_aat_${random("alnum", 16)}`],
  ["settlemint personal token", `sm_pat_${random("alnum", 16)}`],
  ["shippo token", `shippo_live_${random("hex", 40)}`],
  ["shopify access token", `shpat_${random("hex", 32)}`],
  ["shopify custom app", `shpca_${random("hex", 32)}`],
  ["shopify private app", `shppa_${random("hex", 32)}`],
  ["shopify shared secret", `shpss_${random("hex", 32)}`],
  ["slack app token", `xapp-1-${random("upper", 11)}-${random("digits", 13)}-${random("hex", 64)}`],
  ["slack bot token", `xoxb-${random("digits", 12)}-${random("digits", 12)}-${random("alnum", 24)}`],
  ["slack config token", `xoxe.xoxp-1-${random("upper", 163)}`],
  ["slack config refresh token", `xoxe-1-${random("upper", 146)}`],
  [
    "slack legacy token",
    `xoxs-${random("digits", 10)}-${random("digits", 10)}-${random("digits", 10)}-${random("hex", 10)}`
  ],
  ["slack workspace token", `xoxa-2-${random("alnum", 30)}`],
  [
    "slack user token",
    `xoxp-${random("digits", 12)}-${random("digits", 12)}-${random("digits", 12)}-${random("alnum", 32)}`
  ],
  ["sourcegraph token", `sgp_${random("hex", 16)}_${random("hex", 40)}`],
  ["square access token", `sq0atp-${random("url", 22)}`],
  ["square production token", `EAAA${random("url", 60)}`],
  ["stripe secret key", `sk_live_${random("alnum", 24)}`],
  ["stripe test key", `sk_test_${random("alnum", 99)}`],
  ["stripe restricted key", `rk_live_${random("alnum", 24)}`],
  ["stripe webhook secret", `whsec_${random("alnum", 32)}`],
  ["supabase secret", `sb_secret_${random("url", 31)}`],
  ["tailscale key", `tskey-auth-${random("alnum", 12)}-${random("alnum", 32)}`],
  ["telegram bot token", `${random("digits", 10)}:AA${random("url", 33)}`],
  ["twilio key", `SK${random("hex", 32)}`],
  ["vault batch token", `hvb.${random("url", 140)}`],
  ["vault service token", `hvs.${random("url", 95)}`],
  ["vault legacy token", `s.${random("alnum", 24)}`],
  ["xai key", `xai-${random("alnum", 80)}`]
]

/** Where such a value stands, under no name that gives it away. */
const carriers: ReadonlyArray<readonly [string, (secret: string) => unknown]> = [
  ["in a sentence", (secret) => `Incorrect credential provided: ${secret}. Check the settings of the account.`],
  ["in a path", (secret) => `GET https://api.test/v1/${encodeURIComponent(secret)}/orders failed with status 401`],
  ["in JSON", (secret) => JSON.stringify({ error: { message: `No access with ${secret}`, status: 401 } })],
  ["in an object", (secret) => ({ request: { headers: { "X-Custom": secret } }, status: 403 })],
  ["in a list of arguments", (secret) => ["fetch", "--for", secret, "BTCUSDT"]],
  ["in a header", (secret) => `X-Custom: ${secret}\r\nAccept: */*`],
  ["in quotes", (secret) => `the value "${secret}" was refused by the server`],
  ["in a query", (secret) => `https://api.test/v1/orders?with=${encodeURIComponent(secret)}&symbol=BTCUSDT`]
]

const byShape: ReadonlyArray<Secret> = shapes.map(([name, secret], i) => {
  const [where, carry] = carriers[i % carriers.length]!
  return { label: `${name} ${where}`, value: carry(secret), secret }
})

/** The names under which 60 APIs take their keys, in headers. */
const headerNames = [
  "X-MBX-APIKEY",
  "CB-ACCESS-KEY",
  "CB-ACCESS-SIGN",
  "CB-ACCESS-PASSPHRASE",
  "OK-ACCESS-KEY",
  "OK-ACCESS-SIGN",
  "OK-ACCESS-PASSPHRASE",
  "KC-API-KEY",
  "KC-API-SIGN",
  "KC-API-PASSPHRASE",
  "API-Key",
  "API-Sign",
  "X-BAPI-API-KEY",
  "X-BAPI-SIGN",
  "X-GEMINI-APIKEY",
  "X-GEMINI-SIGNATURE",
  "bfx-apikey",
  "bfx-signature",
  "ACCESS-KEY",
  "ACCESS-SIGN",
  "X-CMC_PRO_API_KEY",
  "x-cg-pro-api-key",
  "x-cg-demo-api-key",
  "X-RapidAPI-Key",
  "X-Finnhub-Token",
  "X-API-KEY",
  "Ocp-Apim-Subscription-Key",
  "api-key",
  "x-functions-key",
  "x-goog-api-key",
  "X-Goog-IAM-Authorization-Token",
  "X-Amz-Security-Token",
  "X-Auth-Key",
  "X-Auth-Token",
  "X-Vault-Token",
  "PRIVATE-TOKEN",
  "JOB-TOKEN",
  "DD-API-KEY",
  "DD-APPLICATION-KEY",
  "X-Shopify-Access-Token",
  "X-Figma-Token",
  "X-Algolia-API-Key",
  "X-Plex-Token",
  "X-Parse-REST-API-Key",
  "X-Parse-Master-Key",
  "X-Postmark-Server-Token",
  "X-NuGet-ApiKey",
  "X-Emby-Token",
  "X-Redmine-API-Key",
  "X-Hasura-Admin-Secret",
  "X-CSRF-Token",
  "X-XSRF-TOKEN",
  "Cookie",
  "Set-Cookie",
  "Proxy-Authorization",
  "Authorization",
  "X-Hub-Signature-256",
  "X-Api-Secret",
  "X-Access-Token",
  "X-Session-Token",
  "X-LicenseKey",
  "Fastly-Key",
  "Circle-Token",
  "X-TrackerToken",
  "X-Honeycomb-Team-Key",
  "xi-api-key",
  "Travis-Token",
  "X-Pinecone-Api-Key",
  "X-Master-Key",
  "apca-api-key-id",
  "apca-api-secret-key",
  "x-cpa-token",
  "X-Sumo-Secret",
  "X-JFrog-Art-Api",
  "X-Typesense-Api-Key",
  "X-Meili-Api-Key",
  "x-apisports-key",
  "X-ELS-APIKey",
  "X-IBM-Client-Secret",
  "X-MicrosoftTranslator-Subscription-Key"
] as const

const headerValues: ReadonlyArray<(i: number) => string> = [
  () => random("alnum", 32),
  () => random("hex", 64),
  () => random("lower", 20),
  () => uuid(),
  () => random("url", 43)
]

const headerForms: ReadonlyArray<(name: string, secret: string) => unknown> = [
  (name, secret) => ({ headers: { [name]: secret } }),
  (name, secret) => `GET /v1/orders HTTP/1.1\r\nHost: api.test\r\n${name}: ${secret}\r\nAccept: */*\r\n\r\n`,
  (name, secret) => ({ headers: { [name.toLowerCase()]: [secret] } }),
  (name, secret) => ({ rawHeaders: ["Host", "api.test", name, secret] }),
  (name, secret) => `request failed: {"method":"GET","headers":{"${name}":"${secret}"}}`
]

const byHeader: ReadonlyArray<Secret> = headerNames.map((name, i) => {
  const secret = headerValues[i % headerValues.length]!(i)
  return { label: `header ${name}`, value: headerForms[(i * 3) % headerForms.length]!(name, secret), secret }
})

const queryNames = [
  "apikey",
  "api_key",
  "apiKey",
  "key",
  "token",
  "access_token",
  "auth_token",
  "sig",
  "signature",
  "code",
  "client_secret",
  "refresh_token",
  "id_token",
  "assertion",
  "password",
  "pass",
  "pwd",
  "secret",
  "subscription-key",
  "hapikey",
  "serviceKey",
  "crtfc_key",
  "authkey",
  "api-token",
  "X-Amz-Signature",
  "X-Amz-Security-Token",
  "X-Goog-Signature",
  "oauth_token",
  "oauth_signature",
  "session_id",
  "sid",
  "listenKey",
  "passphrase",
  "app_secret",
  "access_key",
  "code_verifier",
  "private_key",
  "auth",
  "jwt",
  "user_token",
  "client_assertion",
  "state_token",
  "otp",
  "sharedSecret",
  "app_key"
] as const

const byQuery: ReadonlyArray<Secret> = queryNames.map((name, i) => {
  const secret = headerValues[(i + 1) % headerValues.length]!(i)
  const urls = [
    `https://api.test/v1/time?symbol=BTCUSDT&${name}=${secret}&limit=5`,
    `GET https://api.test/v1/time?${name}=${secret} answered 403`,
    `https://app.test/callback#state=1&${name}=${secret}`
  ]
  return { label: `query ${name}`, value: urls[i % urls.length], secret }
})

const named = (label: string, make: (secret: string) => unknown, secret = random("alnum", 24)): Secret => ({
  label,
  value: make(secret),
  secret
})

const inConfigurations: ReadonlyArray<Secret> = [
  named(
    "azure storage connection string",
    (secret) => `DefaultEndpointsProtocol=https;AccountName=app;AccountKey=${secret};EndpointSuffix=core.windows.net`,
    `${random("alnum", 86)}==`
  ),
  named(
    "azure service bus connection string",
    (secret) => `Endpoint=sb://app.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=${secret}`,
    `${random("alnum", 43)}=`
  ),
  named("cosmos connection string", (secret) => `AccountEndpoint=https://db.test:443/;AccountKey=${secret};`),
  named(
    "sql server connection string",
    (secret) => `Server=db.test;Database=app;User Id=sa;Password=${secret};Encrypt=true`
  ),
  named("odbc connection string", (secret) => `DRIVER={ODBC};SERVER=db.test;UID=app;PWD=${secret}`),
  named("libpq connection string", (secret) => `host=db.test port=5432 user=app password=${secret} dbname=app`),
  named("application insights", (secret) => `InstrumentationKey=${secret};IngestionEndpoint=https://in.test/`, uuid()),
  named(
    "azure sas",
    (secret) => `https://app.blob.core.windows.net/data/x.csv?sv=2023-01-03&se=2026-01-01&sr=b&sp=r&sig=${secret}`,
    `${random("alnum", 42)}%3D`
  ),
  named("postgres url", (secret) => `connect to postgres://app:${secret}@db.test:5432/app failed`),
  named("mongodb url", (secret) => `mongodb+srv://app:${secret}@cluster0.test/?retryWrites=true`),
  named("redis url", (secret) => `redis://:${secret}@cache.test:6379/0`),
  named("amqp url", (secret) => `amqps://app:${secret}@mq.test/vhost`),
  named("mysql url", (secret) => ({ url: `mysql://root:${secret}@127.0.0.1/app` }), "p@ss-w0rd!x"),
  named("proxy url", (secret) => `tunnel to http://user:${secret}@proxy.test:8080 refused`),
  named("sentry dsn", (secret) => `https://${secret}@o1.ingest.sentry.io/123`, random("hex", 32)),
  named("sidekiq url", (secret) => `https://${secret}@gems.contribsys.com/`, `${random("hex", 8)}:${random("hex", 8)}`),
  named("ftp url", (secret) => `ftp://data:${secret}@files.test/klines.zip`),
  named("git remote", (secret) => `fatal: unable to access 'https://oauth2:${secret}@git.test/app.git/'`),
  named("bearer token", (secret) => `curl failed: Authorization: Bearer ${secret}`),
  named("bearer token in words", (secret) => `sent Bearer ${secret} to api.test`, random("url", 40)),
  named("basic credentials", (secret) => `Authorization: Basic ${secret}`, "YXBwOmh1bnRlcjJodW50ZXIy"),
  named("basic credentials in an object", (secret) => ({ auth: `Basic ${secret}` }), "YWRtaW46c3VwZXJzZWNyZXQh"),
  named(
    "digest credentials",
    (secret) => `Authorization: Digest username="a", response="${secret}"`,
    random("hex", 32)
  ),
  named(
    "aws v4 header",
    (secret) =>
      `authorization: AWS4-HMAC-SHA256 Credential=X/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${secret}`,
    random("hex", 64)
  ),
  named("curl user", (secret) => `Command failed: curl -u app:${secret} https://api.test`),
  named("curl user, long", (secret) => `curl --user "app:${secret}" https://api.test exited with 22`),
  named("curl header", (secret) => `curl -H 'X-Api-Key: ${secret}' https://api.test`),
  named("flag with a space", (secret) => `bot --api-secret ${secret} --symbol BTCUSDT`),
  named("flag with an equals sign", (secret) => `bot --password=${secret} --verbose`),
  named("environment", (secret) => `AWS_SECRET_ACCESS_KEY=${secret} node bot.js`, random("alnum", 40)),
  named("environment, exported", (secret) => `export BINANCE_API_SECRET="${secret}"`, random("alnum", 64)),
  named("environment, of a database", (secret) => ({ env: { PGPASSWORD: secret, PGUSER: "app" } })),
  named("environment, of a registry", (secret) => ({ NPM_TOKEN: secret, NODE_ENV: "test" })),
  named("environment, of mysql", (secret) => `MYSQL_ROOT_PASSWORD=${secret}`),
  named(".npmrc", (secret) => `//registry.test/:_authToken=${secret}`, uuid()),
  named(".netrc", (secret) => `machine api.test login app password ${secret}`),
  named(".pgpass in words", (secret) => `password: ${secret}`),
  named("yaml", (secret) => `exchange:\n  name: binance\n  api_secret: ${secret}\n  testnet: true`),
  named("yaml, quoted", (secret) => `db:\n  password: '${secret}'\n  port: 5432`, "correct horse battery"),
  named("toml", (secret) => `[exchange]\nsecret_key = "${secret}"`),
  named("kubernetes secret", (secret) => `kind: Secret\nmetadata:\n  name: app\ndata:\n  password: ${secret}`),
  named("xml element", (secret) => `<Login><User>app</User><Password>${secret}</Password></Login>`),
  named("xml element of a key", (secret) => `<request><ApiKey>${secret}</ApiKey></request>`),
  named("nuget", (secret) => `<add key="ClearTextPassword" value="${secret}" />`),
  named("soap", (secret) => `<wsse:Password Type="PasswordText">${secret}</wsse:Password>`),
  named("html form", (secret) => `<input name="password" value="${secret}">`),
  named("form body", (secret) => `grant_type=password&username=app&password=${secret}`),
  named("form body of oauth", (secret) => `grant_type=refresh_token&refresh_token=${secret}&client_id=app`),
  named(
    "multipart body",
    (secret) => `--b\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n${secret}\r\n--b--`
  ),
  named(
    "graphql variables",
    (secret) => ({ query: "mutation L($password: String!) { login }", variables: { password: secret } })
  ),
  named("oauth answer", (secret) => ({ access_token: secret, token_type: "Bearer", expires_in: 3600 })),
  named("oauth answer as text", (secret) => `{"access_token":"${secret}","expires_in":3600}`),
  named("aws credentials", (secret) => ({ AccessKeyId: "A", SecretAccessKey: secret, Expiration: "2026-01-01" })),
  named("aws session", (secret) => ({ credentials: { sessionToken: secret } }), random("alnum", 80)),
  named("gcp service account", (secret) => ({ type: "service_account", private_key_id: "1", private_key: secret })),
  named("azure client", (secret) => ({ tenantId: uuid(), clientId: uuid(), clientSecret: secret })),
  named("ccxt exchange", (secret) => ({ id: "binance", apiKey: "k", secret, enableRateLimit: true })),
  named("ccxt exchange with a password", (secret) => ({ id: "okx", password: secret, timeout: 10_000 })),
  named(
    "ccxt exchange with a wallet",
    (secret) => ({ walletAddress: "0x1", privateKey: secret }),
    `0x${random("hex", 64)}`
  ),
  named("axios auth", (secret) => ({ auth: { username: "app", password: secret } })),
  named("ioredis options", (secret) => ({ host: "cache.test", port: 6379, password: secret })),
  named("mongo options", (secret) => ({ auth: { user: "app", pass: secret } })),
  named("nodemailer options", (secret) => ({ host: "smtp.test", auth: { user: "a", pass: secret } })),
  named("kafka options", (secret) => ({ sasl: { mechanism: "plain", username: "a", password: secret } })),
  named("tls options", (secret) => ({ tls: { passphrase: secret, servername: "a.test" } })),
  named("http2 options", (secret) => ({ pfx: "x", passphrase: secret })),
  named("cookie jar", (secret) => ({ cookies: { connect: secret } })),
  named("session cookie", (secret) => `Set-Cookie: sessionid=${secret}; Path=/; HttpOnly`),
  named("cookie among others", (secret) => `Cookie: lang=en; _gitlab_session=${secret}; theme=dark`, random("hex", 32)),
  named("otp", (secret) => ({ otp: secret, user: "app" }), "492039"),
  named("pin", (secret) => ({ pin: secret, user: "app" }), "83921"),
  named("two factor secret", (secret) => ({ totp_secret: secret }), random("base32", 32)),
  named("seed phrase", (secret) => ({ mnemonic: secret }), "legal winner thank year wave sausage worth useful"),
  named(
    "seed phrase by another name",
    (secret) => ({ seedPhrase: secret }),
    "letter advice cage absurd amount doctor acoustic"
  ),
  named("encryption key", (secret) => ({ encryptionKey: secret, algorithm: "aes-256-gcm" })),
  named("signing key", (secret) => ({ signing_key: secret })),
  named("master key", (secret) => ({ masterKey: secret })),
  named("webhook secret", (secret) => ({ webhookSecret: secret, events: ["push"] })),
  named("bearer token of twitter", (secret) => ({ consumer_key: "k", bearer_token: secret })),
  named("consumer secret", (secret) => ({ consumer_secret: secret })),
  named("vapid key", (secret) => ({ vapidPrivateKey: secret })),
  named("a validation that quotes", (secret) => ({ path: ["apiKey"], message: `Invalid value '${secret}'` })),
  named("a validation that holds the input", (secret) => ({ path: ["password"], received: secret, code: "too_small" })),
  named("a named pair", (secret) => ({ name: "X-API-Key", value: secret })),
  named("a pair of key and value", (secret) => ({ key: "api_secret", value: secret })),
  named("a list of pairs", (secret) => [["accept", "*/*"], ["x-api-key", secret]]),
  named("a map", (secret) => new Map([["authorization", secret]])),
  named("headers of a Request", (secret) => ({ headers: Object.fromEntries(new Headers({ "x-api-key": secret })) })),
  named("JSON in JSON", (secret) => JSON.stringify({ body: JSON.stringify({ auth: { apiKey: secret } }) })),
  named("JSON that is cut off", (secret) => `{"symbol":"BTCUSDT","apiSecret":"${secret}`),
  named("printed object", (secret) => `Options { host: 'a.test', apiKey: '${secret}', retries: 3 }`),
  named("printed python", (secret) => `{'user': 'app', 'api_secret': '${secret}', 'retries': None}`),
  named("ruby hash", (secret) => `{:user=>"app", :password=>"${secret}"}`),
  named("php array", (secret) => `["secret_key" => "${secret}", "mode" => "live"]`)
]

const inPaths: ReadonlyArray<Secret> = [
  named("infura", (secret) => `https://mainnet.infura.io/v3/${secret}`, random("hex", 32)),
  named(
    "infura in a sentence",
    (secret) => `could not detect network at https://polygon.infura.io/v3/${secret} (timeout)`,
    random("hex", 32)
  ),
  named("infura socket", (secret) => `wss://mainnet.infura.io/ws/v3/${secret}`, random("hex", 32)),
  named("alchemy", (secret) => `https://eth-mainnet.g.alchemy.com/v2/${secret}`, random("url", 32)),
  named(
    "alchemy in an object",
    (secret) => ({ requestUrl: `https://eth-mainnet.alchemyapi.io/v2/${secret}` }),
    random("url", 32)
  ),
  named("quicknode", (secret) => `https://red-sea.quiknode.pro/${secret}/`, random("hex", 40)),
  named("ankr", (secret) => `https://rpc.ankr.com/eth/${secret}`, random("hex", 64)),
  named("chainstack", (secret) => `https://nd-1-2-3.p2pify.com/${secret}`, random("hex", 32)),
  named("getblock", (secret) => `https://go.getblock.io/${secret}/`, random("hex", 32)),
  named("blast", (secret) => `https://eth.blastapi.io/${secret}`, uuid()),
  named(
    "telegram",
    (secret) => `https://api.telegram.org/bot${secret}/sendMessage`,
    `${random("digits", 10)}:AA${random("url", 33)}`
  ),
  named(
    "slack webhook",
    (secret) => `POST https://hooks.slack.com/services/${secret} 404`,
    `T${random("upper", 8)}/B${random("upper", 10)}/${random("alnum", 24)}`
  ),
  named(
    "slack workflow",
    (secret) => `https://hooks.slack.com/triggers/${secret}`,
    `T${random("upper", 8)}/${random("digits", 13)}/${random("hex", 32)}`
  ),
  named(
    "discord webhook",
    (secret) => `https://discord.com/api/webhooks/${random("digits", 18)}/${secret}`,
    random("url", 68)
  ),
  named(
    "teams webhook",
    (secret) => `https://app.webhook.office.com/webhookb2/${uuid()}@${uuid()}/IncomingWebhook/${secret}/${uuid()}`,
    random("hex", 32)
  ),
  named("etherscan key in a path", (secret) => `https://api.test/apikey/${secret}/txs`, random("upper", 34)),
  named("a token in a path", (secret) => `https://api.test/token/${secret}/account`),
  named("a session in a path", (secret) => `/session/${secret}/element`, uuid()),
  named("a password in a path", (secret) => `https://api.test/reset-password/${secret}`, random("url", 43)),
  named("pagerduty", (secret) => `https://events.pagerduty.com/integration/${secret}/enqueue`, random("hex", 32)),
  named(
    "openai's words",
    (secret) => `401 Incorrect API key provided: ${secret}. You can find your API key at platform.openai.com.`,
    "sk-abcd************wxyz"
  ),
  named("words about a key", (secret) => `Invalid API key: ${secret}`, random("hex", 32)),
  named("words about a token", (secret) => `token "${secret}" has expired`, random("alnum", 40)),
  named("words about a password", (secret) => `password is ${secret}`, "hunter2-x9!"),
  named("words with an arrow", (secret) => `apiKey -> ${secret}`, random("alnum", 32))
]

/** 400 and more, in an order in which neighbours are of one kind. */
export const secrets: ReadonlyArray<Secret> = [...byShape, ...byHeader, ...byQuery, ...inConfigurations, ...inPaths]
