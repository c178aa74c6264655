/** Messages about certificates, and the code that goes with each. */
import type { Kind } from "./finding.js"
import { kind, Rank } from "./finding.js"

const connection = kind("NetworkConnection", Rank.Wording)

export const certificateTexts: ReadonlyArray<readonly [RegExp, Kind, string]> = [
  [/^self[- ]signed certificate in certificate chain/, connection, "SELF_SIGNED_CERT_IN_CHAIN"],
  [/^self[- ]signed certificate/, connection, "DEPTH_ZERO_SELF_SIGNED_CERT"],
  [/^certificate has expired/, connection, "CERT_HAS_EXPIRED"],
  [/^certificate is not yet valid/, connection, "CERT_NOT_YET_VALID"],
  [/^unable to verify the first certificate/, connection, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  [/^unable to get local issuer certificate/, connection, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
  [/^Hostname\/IP does not match certificate's altnames/, connection, "ERR_TLS_CERT_ALTNAME_INVALID"],
  [/^unknown certificate verification error/, connection, "UNKNOWN_CERTIFICATE_VERIFICATION_ERROR"],
  // Chromium, and Safari
  [/^net::ERR_CERT_/, connection, "CERT_REJECTED"],
  [/^The certificate for this server /, connection, "CERT_REJECTED"]
]
