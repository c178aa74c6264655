/** Clients of services over HTTP, each used as its documentation shows, with its own retries off. */
import Anthropic from "@anthropic-ai/sdk"
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb"
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3"
import { createDefaultHttpClient, createPipelineRequest, RestError } from "@azure/core-rest-pipeline"
import { Spot } from "@binance/spot"
import { REST } from "@discordjs/rest"
import { Client as Elastic } from "@elastic/elasticsearch"
import { drive } from "@googleapis/drive"
import { Octokit } from "@octokit/core"
import { throttling } from "@octokit/plugin-throttling"
import { WebClient } from "@slack/web-api"
import { PostgrestClient } from "@supabase/postgrest-js"
import { Client as Urql, fetchExchange } from "@urql/core"
import { RestClientV5 } from "bybit-api"
import { FetchRequest, JsonRpcProvider } from "ethers"
import { request as gaxios } from "gaxios"
import { GraphQLClient } from "graphql-request"
import OpenAI from "openai"
import { Stripe } from "stripe"
import { createPublicClient, http } from "viem"

export interface Origin {
  readonly host: string
  readonly port: number
  readonly url: string
  /** How long to wait for an answer, in milliseconds. */
  readonly patience: number
}

const credentials = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "example" }

const smithy = ({ patience, url }: Origin) => ({
  endpoint: url,
  region: "us-east-1",
  credentials,
  maxAttempts: 1,
  requestHandler: { requestTimeout: patience, connectionTimeout: patience, throwOnRequestTimeout: true }
})

const silent = () => {}

const quiet = {
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  setLevel: silent,
  getLevel: () => "error" as never,
  setName: silent
}

const ThrottledOctokit = Octokit.plugin(throttling)

export const sdks = {
  "aws-sdk, S3": (origin) =>
    new S3Client({ ...smithy(origin), forcePathStyle: true }).send(
      new GetObjectCommand({ Bucket: "b", Key: "k" })
    ),
  "aws-sdk, DynamoDB": (origin) =>
    new DynamoDBClient(smithy(origin)).send(
      new GetItemCommand({ TableName: "t", Key: { id: { S: "1" } } })
    ),
  "openai": ({ patience, url }) =>
    new OpenAI({ apiKey: "example", baseURL: url, maxRetries: 0, timeout: patience }).models.list(),
  "anthropic": ({ patience, url }) =>
    new Anthropic({ apiKey: "example", baseURL: url, maxRetries: 0, timeout: patience }).models.list(),
  "stripe": ({ host, patience, port }) =>
    new Stripe("example", { host, port, protocol: "http", maxNetworkRetries: 0, timeout: patience }).customers.list(),
  "octokit": ({ patience, url }) =>
    new Octokit({ baseUrl: url, log: quiet, request: { signal: AbortSignal.timeout(patience) } })
      .request("GET /repos/a/b"),
  "octokit, throttling": ({ patience, url }) =>
    new ThrottledOctokit({
      baseUrl: url,
      log: quiet,
      request: { signal: AbortSignal.timeout(patience) },
      throttle: { onRateLimit: () => false, onSecondaryRateLimit: () => false }
    }).request("GET /repos/a/b"),
  "googleapis, Drive": ({ patience, url }) =>
    drive({ version: "v3", rootUrl: `${url}/`, timeout: patience, retry: false }).files.list(),
  "gaxios": ({ patience, url }) => gaxios({ url: `${url}/x`, timeout: patience }),
  "azure": async ({ patience, url }) => {
    const request = createPipelineRequest({ url: `${url}/x`, allowInsecureConnection: true, timeout: patience })
    const response = await createDefaultHttpClient().sendRequest(request)
    if (response.status >= 400) {
      throw new RestError("Request failed", { response, request, statusCode: response.status })
    }
    return JSON.parse(response.bodyAsText ?? "")
  },
  "elastic": ({ patience, url }) => new Elastic({ node: url, maxRetries: 0, requestTimeout: patience }).info(),
  "postgrest": async ({ url }) => await new PostgrestClient(url).from("t").select().retry(false).throwOnError(),
  "graphql-request": ({ url }) => new GraphQLClient(url).request("{ a }"),
  "urql": async ({ url }) => {
    const { error } = await new Urql({ url, exchanges: [fetchExchange], preferGetMethod: false }).query("{ a }", {})
      .toPromise()
    if (error !== undefined) throw error
  },
  "slack": ({ patience, url }) =>
    new WebClient("example", {
      slackApiUrl: `${url}/`,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      timeout: patience,
      logger: quiet
    }).auth.test(),
  "discord.js": ({ patience, url }) =>
    new REST({ api: url, retries: 0, timeout: patience, rejectOnRateLimit: () => true }).setToken("x").get(
      "/users/@me"
    ),
  "viem": ({ patience, url }) =>
    createPublicClient({ transport: http(url, { retryCount: 0, timeout: patience }) }).getBlockNumber(),
  "ethers": ({ patience, url }) => {
    const request = new FetchRequest(url)
    request.timeout = patience
    request.setThrottleParams({ maxAttempts: 1 })
    return new JsonRpcProvider(request, 1, { staticNetwork: true }).send("eth_blockNumber", [])
  },
  "@binance/spot": ({ patience, url }) =>
    new Spot({
      configurationRestAPI: { apiKey: "example", apiSecret: "example", basePath: url, timeout: patience, retries: 0 }
    }).restAPI.klines({ symbol: "BTCUSDT", interval: "1h" as never }),
  "bybit-api": ({ patience, url }) =>
    new RestClientV5({ baseUrl: url }, { timeout: patience })
      .getKline({ category: "spot", symbol: "BTCUSDT", interval: "1" })
} satisfies { readonly [name: string]: (origin: Origin) => Promise<unknown> }

export type Sdk = keyof typeof sdks
