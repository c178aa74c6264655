/** Secrets that are recognized by their form, under any name: tokens with a prefix, keys in the paths of URLs. */

// The characters of a token. A prefix counts at the beginning of a word only.
const tokens = [
  // Prefixes that end in a separator, as most vendors choose them since their keys are scanned for.
  "(?:sk|rk)_(?:live|test|prod)_[A-Za-z\\d]{10,}",
  "(?:sk|pk|rk|ak)-(?:ant|proj|svcacct|admin|or|lf)-[\\w-]{16,}",
  "sk-[A-Za-z\\d]{20,}",
  "sk-[A-Za-z\\d]{2,8}\\*{4,}[A-Za-z\\d]{2,8}",
  "gh[pousr]_[A-Za-z\\d]{30,}",
  "github_pat_\\w{40,}",
  "gl(?:pat|cbt|dt|ffct|ft|imt|agent|oas|ptt|rt|soat|rtr)-[\\w.-]{20,}",
  "GR1348941[\\w-]{20,}",
  "xox[a-z](?:\\.xox[bp])?-[\\w-]{10,}",
  "xapp-\\d-[\\w-]{10,}",
  "(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z\\d])[A-Z2-7]{16}(?![A-Za-z\\d])",
  "ABSK[A-Za-z\\d+/]{60,}={0,2}",
  "bedrock-api-key-[\\w+/=-]{16,}",
  "AIza[\\w-]{30,}",
  "GOCSPX-[\\w-]{20,}",
  "ya29\\.[\\w-]{20,}",
  "LTAI[A-Za-z\\d]{16,}(?![A-Za-z\\d])",
  "ATATT3[\\w=-]{40,}",
  "(?:AKCp|cmVmd)[A-Za-z\\d]{50,}",
  "EAA[A-Z][A-Za-z\\d]{80,}",
  "EAAA[\\w-]{22,}",
  "EZ[AT]K[A-Za-z\\d]{50,}",
  "HRKU-[\\w-]{40,}",
  "PMAK-[\\da-f]{24}-[\\da-f]{30,}",
  "API-[A-Z\\d]{26}(?![A-Z\\d])",
  "FLWSECK(?:_TEST)?-[\\w-]{12,}",
  "AGE-SECRET-KEY-1[A-Z\\d]{40,}",
  "A3-[A-Z\\d]{6}-[A-Z\\d-]{20,}",
  "CLOJARS_[a-z\\d]{40,}",
  "SG\\.[\\w-]{16,}\\.[\\w-]{30,}",
  "SK[\\da-f]{32}(?![\\w-])",
  "4b1d[A-Za-z\\d]{38}(?![A-Za-z\\d])",
  "dapi[\\da-f]{32}(?:-\\d)?(?![\\w-])",
  "do[opr]_v1_[\\da-f]{40,}",
  "dp\\.(?:pt|st|ct|sa|scim|audit)\\.[\\w.-]{30,}",
  "dt0[a-z]\\d\\d\\.[A-Z\\d]{16,}\\.[A-Z\\d]{32,}",
  "duffel_(?:test|live)_[\\w=-]{30,}",
  "(?:fo1|fm1[ar]|fm2)_[\\w+/=-]{40,}",
  "fio-u-[\\w=-]{40,}",
  "gl(?:c|sa)_[\\w+/=]{32,}",
  "gsk_[A-Za-z\\d]{30,}",
  "hf_[A-Za-z]{30,}",
  "api_org_[A-Za-z]{30,}",
  "hv[bsr]\\.[\\w-]{20,}",
  "s\\.(?=[A-Za-z]*\\d)[A-Za-z\\d]{24}(?![\\w-])",
  "ico-[A-Za-z\\d]{32}(?![\\w-])",
  "(?<![\\w-])key-[\\da-f]{32}(?![\\w-])",
  "lin_(?:api|oauth)_[A-Za-z\\d]{32,}",
  "ntn_[A-Za-z\\d]{40,}",
  "npm_[A-Za-z\\d]{36}(?![\\w-])",
  "ops_eyJ[\\w+/=-]{40,}",
  "p8e-[A-Za-z\\d]{32}(?![\\w-])",
  "pat[A-Za-z\\d]{14}\\.[\\da-f]{40,}",
  "(?:pat|sat)\\.[\\w-]{22}\\.[A-Za-z\\d]{24}\\.[A-Za-z\\d]{20}",
  "pnu_[A-Za-z\\d]{30,}",
  "pplx-[A-Za-z\\d]{40,}",
  "pscale_(?:tkn|oauth|pw)_[\\w=.-]{30,}",
  "pul-[\\da-f]{40}(?![\\w-])",
  "pypi-[\\w-]{50,}",
  "r8_[A-Za-z\\d]{30,}",
  "rdme_[a-z\\d]{60,}",
  "re_[A-Za-z\\d]{8}_[A-Za-z\\d]{20,}",
  "rubygems_[\\da-f]{40,}",
  "s-s4t2(?:ud|af)-[\\da-f]{40,}",
  "(?:sc|ext|scauth|authress)_[a-z\\d]{5,30}\\.[a-z\\d]{4,6}\\.acc[_-][\\w.+/=-]{30,}",
  "sb_secret_[\\w-]{20,}",
  "sgp_(?:[\\da-f]{16}_|local_)?[\\da-f]{40}(?![\\w-])",
  "sha256~[\\w-]{40,}",
  "shippo_(?:live|test)_[\\da-fA-F]{30,}",
  "shp(?:at|ca|pa|ss)_[\\da-fA-F]{32}",
  "sm_[aps]at_[A-Za-z\\d]{16}",
  "sntry[su]_[\\w+/=]{40,}",
  "sq0[a-z]{3}-[\\w-]{20,}",
  "tk-us-[\\w-]{40,}",
  "tskey-[a-z]+-[\\w-]{20,}",
  "v1\\.0-[\\da-f]{24}-[\\da-f]{100,}",
  "whsec_[\\w+/=]{24,}",
  "xai-[A-Za-z\\d]{60,}",
  "xkeysib-[\\da-f]{40,}-[A-Za-z\\d]{12,}",
  "aio_[A-Za-z\\d]{28}(?![\\w-])",
  "AT(?:BB|CTT3)[\\w=-]{32,}",
  "bku[a-z]_[\\da-f]{40}",
  "dckr_[po]at_[\\w-]{20,}",
  "figd_[\\w-]{36,}",
  "1//0[\\w-]{40,}",
  "(?:sdk|mob|xaat|xapt|access-(?:sandbox|development|production))-[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}",
  "lsv2_[ps][tk]_[\\da-f]{32}_[\\da-f]{10}",
  "nfp_[A-Za-z\\d]{36,}",
  "NR(?:AK|II|RA|BR|SP|IQ|LI|JS)-[\\w-]{19,}",
  "secret_[A-Za-z\\d]{43}(?![\\w-])",
  "sbp_(?:v0_|oauth_)?[\\da-f]{40}",
  "tfp_[\\w-]{40,}",
  "vercel_blob_rw_\\w{30,}",
  "AQVN[\\w-]{35,}",
  "amzn1\\.oa2-cs\\.v1\\.[\\da-f]{40,}",
  "AAAA[\\w-]{7}:[\\w-]{120,}",
  "rnd_[A-Za-z\\d]{32}(?![\\w-])",
  "napi_[a-z\\d]{40,}",
  "xsmtpsib-[\\da-f]{40,}-[A-Za-z\\d]{12,}",
  "mlsn\\.[\\da-f]{60,}",
  "phx_[A-Za-z\\d]{40,}",
  "CCIP(?:AT|RJ)_\\w{40,}",
  "sq[upa]_[\\da-f]{40}",
  "oy2[a-z\\d]{43}(?![\\w-])",
  "cio(?=[A-Za-z]*\\d)[A-Za-z\\d]{32}(?![\\w-])",
  "sk_[\\da-f]{48}(?![\\w-])",
  "tvly-(?:dev-|prod-)?[A-Za-z\\d]{28,}",
  "fc-[\\da-f]{32}(?![\\w-])",
  "apify_api_[A-Za-z\\d]{30,}",
  "pk_\\d{6,10}_[A-Z\\d]{32}",
  "CFPAT-[\\w-]{40,}",
  "jina_[\\da-f]{32}[\\w-]{20,}",
  // Forms in which the mark stands in the middle or at the end.
  "[\\da-f]{32}-[\\da-f]{8}-[\\da-f]{8}(?![\\w-])",
  "[A-Za-z\\d]{14}\\.atlasv1\\.[\\w=-]{50,}",
  "[\\w~.]{3}\\dQ~[\\w~.-]{31,40}",
  "[A-Za-z\\d]{6}_[A-Za-z\\d]{29}_mmk(?!\\w)",
  "[MNO][A-Za-z\\d_-]{22,27}\\.[\\w-]{6}\\.[\\w-]{27,45}(?![\\w-])",
  "[\\da-f]{32}-us\\d{1,2}(?!\\w)",
  "\\d{8,10}(?::|%3A)AA[\\w-]{33}(?![\\w-])",
  // Base64 of the beginnings of JSON tokens.
  "eyJrIjoi[\\w+/=-]{40,}",
  "ZXlK[A-Za-z\\d+/]{40,}={0,2}"
]

/** A token that is known by its form. */
export const tokenShape = new RegExp(`(?:(?<![A-Za-z\\d])|(?<=%[\\dA-F]{2}))(?:${tokens.join("|")})`, "g")

const slash = "(?:/|%(?:25)*2F)"
const host = (names: string) => `(?<=(?:${names})${slash})`
const segment = "(?:<redacted>|[\\w~.-]{16,}|[\\w-]{8,}(?=/))"

// Behind a version stands a resource, unless it is a key: `/v3/<32 hex digits>`.
const behindVersion = `(?<=${slash}v\\d{1,2}${slash})` +
  "(?:[\\da-f]{32}|(?=[\\w-]*\\d)(?=[\\w-]*[a-z])(?=[\\w-]*[A-Z])[\\w-]{32,64})(?![\\w.-])"

/** A key in the path of a URL: behind a version, or of a host that takes its keys there. */
export const keyInPath = new RegExp(
  [
    behindVersion,
    `${host("hooks\\.slack\\.com/(?:services|workflows|triggers)")}[\\w/-]{20,}`,
    `${host("/webhookb2/[\\w@-]{1,120}/IncomingWebhook")}[\\w/-]{20,}`,
    `(?<=/api/webhooks/\\d{1,24}/)[\\w-]{20,}`,
    `(?<=/bot)\\d{6,12}:[\\w-]{20,}`,
    // Incoming webhooks of chats and of services for automation
    `(?<=/hooks/)(?:[a-z\\d]{26}(?![\\w-])|[\\w]{17,24}/[A-Za-z\\d]{40,})|(?<=/bot/v2/hook/)[\\da-f-]{36}`,
    `${
      host(
        "hook\\.(?:[a-z]{2}\\d\\.)?make\\.com|maker\\.ifttt\\.com/(?:trigger|use)/(?:[\\w-]{1,64}/){0,2}(?:with/)?key"
      )
    }[\\w-]{20,}`,
    `(?<=/sessions?/)(?=[\\w-]*\\d)[\\w-]{18,}`,
    `${host("pagerduty\\.com/integration")}${segment}`,
    `${
      host(
        "(?:quiknode\\.pro|p2pify\\.com|getblock\\.io|blastapi\\.io|nodereal\\.io|drpc\\.org|rpcpool\\.com|chainstack\\.com|tenderly\\.co|onfinality\\.io)"
      )
    }${segment}`,
    `${host("ankr\\.com/[\\w]{1,32}|moralis-nodes\\.com/[\\w]{1,32}(?:/[\\w]{1,32})?")}[\\w-]{32,}`
  ].join("|"),
  "g"
)

/** The length of the shortest token. */
const minRun = 18

/**
 * Returns whether the text has a run of characters that is long enough for a token. Most texts have none, and are not
 * read for the shapes of tokens.
 */
export const hasLongRun = (text: string): boolean => {
  // Every run of that length covers one of these places.
  for (let i = minRun - 1; i < text.length; i += minRun) {
    if (!isTokenCharacter(text, i)) continue
    let from = i
    let to = i
    while (to - from < minRun - 1 && isTokenCharacter(text, from - 1)) from--
    while (to - from < minRun - 1 && isTokenCharacter(text, to + 1)) to++
    if (to - from === minRun - 1) return true
  }
  return false
}

const isTokenCharacter = (text: string, i: number): boolean => isTokenCode[text.charCodeAt(i)] === 1

const isTokenCode = Uint8Array.from({ length: 128 }, (_, code) => /[\w.~+*-]/.test(String.fromCharCode(code)) ? 1 : 0)

// Looked for one by one, which is faster than a pattern of all.
const keyedPaths = [
  "hooks.slack",
  "webhook",
  "/bot",
  "/session",
  "/hook",
  "make.com",
  "ifttt.com",
  "rpcpool",
  "chainstack",
  "pagerduty",
  "quiknode",
  "p2pify",
  "getblock",
  "blastapi",
  "ankr.com",
  "nodereal",
  "drpc",
  "tenderly",
  "onfinality",
  "moralis",
  "%2Fv"
]

const versioned = /\/v\d{1,2}\/[\w-]{32}/

/** Returns whether a text with a long run can hold the URL of a path with a key. */
export const hasKeyedPath = (text: string): boolean => {
  if (!(text.includes("/") || text.includes("%2F"))) return false
  for (const path of keyedPaths) if (text.includes(path)) return true
  return text.includes("/v") && versioned.test(text)
}
