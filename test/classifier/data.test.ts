/** Data that arrived and is not what it should be: compressed bytes, checksums, text, JSON, schemas. */
import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as crypto from "node:crypto"
import { pipeline } from "node:stream/promises"
import { promisify } from "node:util"
import * as zlib from "node:zlib"
import type { Case } from "./cases.js"
import { caught, failing, table, throwing } from "./cases.js"

// ---------------------------------------------------------------------------------------------------------------------
// compressed bytes
// ---------------------------------------------------------------------------------------------------------------------

/** Bytes that do not compress to nothing, and the same every time. */
const plain = Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * i * 31 + i * 7) % 251))
const junk = Buffer.from("certainly not compressed")

const flipped = (bytes: Buffer, from: number): Buffer =>
  bytes.map((byte, i) => i >= from && i < from + 8 ? ~byte : byte) as Buffer

const damaged = (bytes: Buffer): ReadonlyArray<readonly [string, Buffer]> => [
  ["no such format", junk],
  ["nothing", Buffer.alloc(0)],
  ["cut in the middle", bytes.subarray(0, bytes.length >> 1)],
  ["flipped at the head", flipped(bytes, 2)]
]

const formats = {
  gzip: [zlib.gzipSync, zlib.gunzipSync, zlib.gunzip, zlib.createGunzip],
  zlib: [zlib.deflateSync, zlib.inflateSync, zlib.inflate, zlib.createInflate],
  either: [zlib.gzipSync, zlib.unzipSync, zlib.unzip, zlib.createUnzip],
  brotli: [zlib.brotliCompressSync, zlib.brotliDecompressSync, zlib.brotliDecompress, zlib.createBrotliDecompress]
} as const

describe("zlib", () => {
  for (const [format, [compress, sync, callback, transform]] of Object.entries(formats)) {
    table(
      format,
      damaged(compress(plain)).flatMap(([name, bytes]): ReadonlyArray<Case> => [
        [`${name}, at once`, () => sync(bytes), "DataIntegrity", "retry"],
        [`${name}, by callback`, () => promisify(callback)(bytes), "DataIntegrity", "retry"],
        // A stream of nothing is an empty stream.
        ...(bytes.length === 0
          ? []
          : [
            [
              `${name}, as a stream`,
              () =>
                pipeline([bytes], transform(), async (chunks) => {
                  for await (const _ of chunks);
                }),
              "DataIntegrity",
              "retry"
            ] as const
          ])
      ])
    )
  }

  const gzip = zlib.gzipSync(plain)
  table("the rest", [
    ["a checksum that does not fit", () => zlib.gunzipSync(flipped(gzip, gzip.length - 8)), "DataIntegrity", "retry", {
      message: "Corrupt data: incorrect data check"
    }],
    [
      "a stream of the web",
      () => new Response(new Blob([junk]).stream().pipeThrough(new DecompressionStream("gzip"))).text(),
      "DataIntegrity",
      "retry"
    ],
    [
      "a stream of the web, cut",
      () => new Response(new Blob([gzip.subarray(0, 20)]).stream().pipeThrough(new DecompressionStream("gzip"))).text(),
      "DataIntegrity",
      "retry"
    ],
    ["what the caller got wrong", () => zlib.gunzipSync(5 as never), "Internal", "no"],
    [
      "more than the caller allowed",
      () => zlib.gunzipSync(zlib.gzipSync(Buffer.alloc(100_000)), { maxOutputLength: 10 }),
      "Internal",
      "no"
    ]
  ])
})

// ---------------------------------------------------------------------------------------------------------------------
// checksums
// ---------------------------------------------------------------------------------------------------------------------

class ChecksumMismatch extends Error {
  readonly expected = "aa"
  readonly actual = "bb"
}

/** As a downloader does it. */
const verify = (bytes: Buffer, expected: string) => {
  const found = crypto.createHash("sha256").update(bytes).digest("hex")
  if (found !== expected) throw new Error(`SHA-256 mismatch: expected ${expected}, got ${found}`)
}

table("checksums", [
  ["of a file", () => verify(Buffer.from("x"), "00ff"), "DataIntegrity", "retry", {
    wanted: "00ff",
    found: "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
  }],
  ["an error class", throwing(new ChecksumMismatch("not what it was")), "DataIntegrity", "retry", {
    wanted: "aa",
    found: "bb"
  }],
  [
    "npm's",
    throwing(
      Object.assign(new Error("sha512 integrity checksum failed"), { code: "EINTEGRITY", expected: "a", found: "b" })
    ),
    "DataIntegrity",
    "retry",
    { wanted: "a", found: "b" }
  ],
  [
    "a tag of authentication",
    () => {
      const decipher = crypto.createDecipheriv("aes-256-gcm", Buffer.alloc(32), Buffer.alloc(12))
      decipher.setAuthTag(Buffer.alloc(16))
      decipher.update(Buffer.from("abcd"))
      decipher.final()
    },
    "DataIntegrity",
    "retry"
  ],
  [
    "padding after decryption",
    () => {
      const decipher = crypto.createDecipheriv("aes-128-cbc", Buffer.alloc(16), Buffer.alloc(16))
      decipher.update(Buffer.alloc(32))
      decipher.final()
    },
    "DataIntegrity",
    "retry"
  ],
  ...[
    "Checksum mismatch: expected abc123, got def456",
    "checksum mismatch",
    "sha256 checksum mismatch for BTCUSDT-1m.zip",
    "CRC32 mismatch",
    "MD5 digest mismatch",
    "Content-Length mismatch: expected 10 bytes, received 5 bytes",
    "Integrity check failed",
    "Checksum verification failed",
    "ETag mismatch",
    "Size mismatch: expected 10, got 5",
    "checksum does not match",
    "Invalid checksum",
    "bad checksum"
  ].map((message): Case => [`"${message}"`, throwing(new Error(message)), "DataIntegrity", "retry"])
])

// ---------------------------------------------------------------------------------------------------------------------
// text
// ---------------------------------------------------------------------------------------------------------------------

const noJson = [
  "",
  "{",
  "<html>",
  "{\"a\":}",
  "[1,]",
  "undefined",
  "nul",
  "'a'",
  "{a:1}",
  "[1",
  "\"\\x\"",
  "\"a\nb\"",
  "01",
  "1e",
  "-",
  "{\"a\" 1}",
  "\u0001",
  "[1]x",
  "{\"a\":1,}",
  "NaN",
  "{\"a\":\"\\u12\"}",
  "{\"timeout\": 429",
  "{\n\"a\": 1,\n\"b\": x}"
]

describe("text", () => {
  table(
    "JSON.parse",
    noJson.map((text): Case => [JSON.stringify(text), () => JSON.parse(text), "DataTransformation", "no"])
  )
  table(
    "Response.json",
    noJson.map((text): Case => [JSON.stringify(text), () => new Response(text).json(), "DataTransformation", "no"])
  )
  table("what else cannot be read", [
    ["an excerpt of what is no JSON", () => JSON.parse("<html>"), "DataTransformation", "no", { excerpt: "<html>" }],
    ["a number", () => BigInt("abc"), "DataTransformation", "no"],
    ["base64", () => atob("%%%"), "DataTransformation", "no"],
    [
      "UTF-8",
      () => new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([0xff])),
      "DataTransformation",
      "no"
    ],
    [
      "a line of CSV",
      throwing(Object.assign(new Error("Invalid Record Length on line 7"), { name: "CsvError", lines: 7 })),
      "DataTransformation",
      "no",
      {
        line: 7
      }
    ]
  ])
  table("what cannot be written is a bug", [
    [
      "a circle",
      () => {
        const value: { self?: unknown } = {}
        value.self = value
        JSON.stringify(value)
      },
      "Internal",
      "no"
    ],
    ["a bigint", () => JSON.stringify(1n), "Internal", "no"]
  ])
})

// ---------------------------------------------------------------------------------------------------------------------
// schemas
// ---------------------------------------------------------------------------------------------------------------------

const Candle = Schema.Struct({
  open: Schema.Number,
  trades: Schema.Array(Schema.Struct({ price: Schema.NumberFromString, size: Schema.Number.pipe(Schema.positive()) }))
})
const decode = Schema.decodeUnknownSync(Candle)
const fromJson = Schema.decodeUnknownSync(Schema.parseJson(Candle))
const all = { errors: "all" } as const

class Quote extends Schema.Class<Quote>("Quote")({ bid: Schema.Number }) {}

describe("Schema", () => {
  table("tells what is wrong, and where", [
    ["a type", () => decode({ open: "x", trades: [] }), "DataValidation", "no", {
      issues: [{ path: "open", message: "Expected number, actual \"x\"" }]
    }],
    ["what is missing", () => decode({ trades: [] }), "DataValidation", "no", {
      issues: [{ path: "open", message: "is missing" }]
    }],
    [
      "all of it",
      () => decode({ open: null, trades: [{ price: "1", size: 1 }, { price: "?", size: -1 }] }, all),
      "DataValidation",
      "no",
      {
        issues: [
          { path: "open", message: "Expected number, actual null" },
          { path: "trades.1.price", message: "Unable to decode \"?\" into a number" },
          { path: "trades.1.size", message: "Expected a positive number, actual -1" }
        ]
      }
    ],
    [
      "what is too much",
      () => decode({ open: 1, trades: [], x: 1 }, { onExcessProperty: "error" }),
      "DataValidation",
      "no",
      {
        issues: [{ path: "x", message: "is unexpected, expected: \"open\" | \"trades\"" }]
      }
    ],
    [
      "every member of a union",
      () => Schema.decodeUnknownSync(Schema.Union(Schema.Number, Schema.Null))("timeout 429"),
      "DataValidation",
      "no",
      {
        issues: [
          { path: "", message: "Expected number, actual \"timeout 429\"" },
          { path: "", message: "Expected null, actual \"timeout 429\"" }
        ]
      }
    ]
  ])
  table("by whichever door it comes", [
    ["an effect", failing(Schema.decodeUnknown(Candle)({})), "DataValidation", "no"],
    ["a promise", () => Schema.decodeUnknownPromise(Candle)({}), "DataValidation", "no"],
    [
      "an Either",
      () => {
        throw Either.getOrThrowWith(Either.flip(Schema.decodeUnknownEither(Candle)({})), () => "no")
      },
      "DataValidation",
      "no"
    ],
    ["encoding", () => Schema.encodeSync(Schema.NumberFromString)("x" as never), "DataValidation", "no"],
    ["a constructor", () => new Quote({ bid: "x" as never }), "DataValidation", "no", {
      issues: [{ path: "bid", message: "Expected number, actual \"x\"" }]
    }],
    [
      "an assertion",
      () => {
        const assertCandle: (value: unknown) => asserts value is typeof Candle.Type = Schema.asserts(Candle)
        assertCandle({})
      },
      "DataValidation",
      "no"
    ],
    ["another copy of Effect", throwing({ _tag: "ParseError", issue: {}, message: "no" }), "DataValidation", "no"]
  ])
  table("text that is no JSON is not invalid, it cannot be read", [
    ["no JSON", () => fromJson("<html>"), "DataTransformation", "no"],
    [
      "no JSON, deep inside",
      () => Schema.decodeUnknownSync(Schema.Struct({ body: Schema.parseJson(Candle) }))({ body: "{" }),
      "DataTransformation",
      "no"
    ],
    ["JSON of the wrong shape", () => fromJson("{}"), "DataValidation", "no", {
      issues: [{ path: "open", message: "is missing" }]
    }]
  ])

  it("a page of invalid rows is reported by its first row, and quickly", async () => {
    const Page = Schema.Array(Candle)
    const cause = await caught(() =>
      Schema.decodeUnknownSync(Page, all)(Array.from({ length: 5000 }, () => ({ open: "x", trades: "y" })))
    )
    assert.isTrue(ParseResult.isParseError(cause))
    // Once for the sake of the machine's caches.
    Classifier.classifySync(cause)
    const start = performance.now()
    const error = Classifier.classifySync(cause)
    const took = performance.now() - start
    assert.isTrue(error._tag === "DataValidation" && error.issues?.length === 16)
    const whole = performance.now()
    assert.isAbove(String(Reflect.get(Object(cause), "message")).length, 100_000)
    assert.isBelow(took, performance.now() - whole)
  })
})

table("what a validation throws while validating", [
  ["a TypeError", throwing(new TypeError("price must be positive")), "DataValidation", "no", {}, {
    operation: "validate"
  }],
  ["a RangeError", throwing(new RangeError("high < low")), "DataValidation", "no", {}, { operation: "validate" }],
  ["an error", throwing(new Error("not sorted")), "DataValidation", "no", {}, { operation: "validate" }],
  ["a bug elsewhere is still a bug", throwing(new ReferenceError("x is not defined")), "Internal", "no", {}, {
    operation: "validate"
  }],
  ["otherwise it is a bug", throwing(new TypeError("price must be positive")), "Internal", "no"]
])
