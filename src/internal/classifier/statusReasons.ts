/**
 * The beginnings of the reason phrases of HTTP, of IANA and of Cloudflare. A number counts as a status only beside one of
 * them: 500 may be an index of shares, too.
 */
export const reasons =
  "Bad Request|Unauthori[sz]ed|Payment Required|Forbidden|Not (?:Found|Acceptable|Implemented|Extended)|" +
  "Method Not|Proxy (?:Authentication|Error)|Request|Conflict|Gone|Length Required|Precondition|Payload Too|Content Too|" +
  "URI Too|Unsupported Media|Range Not|Expectation Failed|I'm a|Misdirected|Unprocessable|Locked|Failed Dependency|" +
  "Too (?:Early|Many)|Upgrade Required|Unavailable For|Internal Server|Bad Gateway|Service|Gateway Time|HTTP Version|" +
  "Variant Also|Insufficient Storage|Loop Detected|Bandwidth Limit|Network Authentication|Web Server|Connection Timed|" +
  "Origin|A Timeout|SSL Handshake|Client Closed|Invalid SSL"
