import { describe, expect, it } from "vitest"
import { negotiated } from "../../src/internal/prometheus/negotiation.js"

const openmetrics = "application/openmetrics-text"

describe("the Accept header chooses the format", () => {
  it.each([
    // What Prometheus 2.42, 2.5x and 3.x send.
    [
      `${openmetrics};version=1.0.0,${openmetrics};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`,
      "openmetrics"
    ],
    [
      `${openmetrics};version=1.0.0;q=0.5,${openmetrics};version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2`,
      "openmetrics"
    ],
    [
      `application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.1`,
      "openmetrics"
    ],
    [
      `application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,${openmetrics};version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3`,
      "openmetrics"
    ],
    // A scrape that is set to the classic format.
    ["text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,*/*;q=0.1", "text"],
    ["text/plain;version=0.0.4", "text"],
    // Browsers, curl, no header.
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text"],
    ["*/*", "text"],
    ["", "text"],
    [undefined, "text"],
    // Weights.
    [`text/plain, ${openmetrics}`, "openmetrics"],
    [`text/plain;q=0.9, ${openmetrics};q=0.1`, "text"],
    [`text/plain;q=0.1, ${openmetrics};q=0.9`, "openmetrics"],
    [`${openmetrics};q=0`, "text"],
    [`${openmetrics};q=0, text/plain;q=0`, "text"],
    [`${openmetrics};q=0.0, */*`, "text"],
    [`${openmetrics};q=1.000`, "openmetrics"],
    [`${openmetrics};q=.5`, "openmetrics"],
    [`${openmetrics};q=2`, "text"],
    [`${openmetrics};q=x`, "text"],
    ["text/plain;q=0, */*;q=0.5", "openmetrics"],
    ["text/*;q=0.5, application/*", "text"],
    ["*/*;q=0.5, application/openmetrics-text;q=0.2", "text"],
    ["text/*;q=0.1, application/openmetrics-text;q=0.2", "openmetrics"],
    // Versions.
    [`${openmetrics};version=2.0.0`, "text"],
    [`${openmetrics};version=2.0.0, ${openmetrics};version=1.0.0;q=0.1`, "openmetrics"],
    [`${openmetrics};version=0.0.1`, "openmetrics"],
    // Spelling.
    [`Application/OpenMetrics-Text ; Version="1.0.0" ; Q=0.9`, "openmetrics"],
    [`  ${openmetrics} ;  version = 1.0.0 `, "openmetrics"],
    [`text/plain;x="a,${openmetrics};q=1"`, "text"],
    [`text/plain;x="a\\",${openmetrics}"`, "text"],
    [`text/plain;x="never closed, ${openmetrics}`, "text"],
    [",,;;=,", "text"],
    [`x-${openmetrics}`, "text"],
    [`${openmetrics}x`, "text"]
  ])("%s: %s", (accept, format) => {
    expect(negotiated(accept)).toBe(format)
  })

  it("and a header without end costs nothing", () => {
    expect(negotiated(`${";q=0.1,".repeat(1_000_000)}${openmetrics}`)).toBe("text")
  })
})
