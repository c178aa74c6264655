/**
 * Errors that users met with clients that are not installed here, as those clients construct them: transcribed from reports
 * and from their documentation. The right answers were written down before the classifier ran.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import type { FetchError } from "effect-errata/FetchError"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

type Row = readonly [
  name: string,
  cause: unknown,
  tag: FetchError["_tag"],
  retry: "retry" | "no",
  expected?: {
    readonly status?: number | undefined
    readonly apiCode?: string | number
    /** Milliseconds. */
    readonly wait?: number
    /** A part of the message. */
    readonly says?: string
  }
]

const error = (message: string, properties: object = {}, cause?: unknown): Error =>
  Object.assign(new Error(message, cause === undefined ? undefined : { cause }), properties)

/** An error whose class has a name of its own. */
const named = (name: string, message: string, properties: object = {}): Error => {
  const Class = Object.defineProperty(class extends Error {}, "name", { value: name })
  return Object.assign(new Class(message), { name }, properties)
}

const refused = error("connect ECONNREFUSED 127.0.0.1:9", {
  code: "ECONNREFUSED",
  errno: -111,
  syscall: "connect",
  address: "127.0.0.1",
  port: 9
})

const invoked = "\nInvalid `prisma.flight.findUnique()` invocation:\n\n\n"

const tooMany = { message: "Too fast", statusCode: 429, responseHeaders: { "retry-after": "7" }, isRetryable: true }

const kinds: Readonly<Record<string, ReadonlyArray<Row>>> = {
  "brokers": [
    [
      "amqplib: a channel that is closed",
      named("IllegalOperationError", "Channel closed", {
        stackAtStateChange: "Stack capture: Connection closed: 320 (CONNECTION-FORCED) with message \"shutdown\""
      }),
      "NetworkConnection",
      "retry"
    ],
    [
      "amqplib: a queue that does not exist",
      error("Channel closed by server: 404 (NOT-FOUND) with message \"NOT_FOUND - no queue 'x' in vhost '/'\"", {
        code: 404,
        classId: 50,
        methodId: 10
      }),
      "ApiFormat",
      "no",
      { says: "no queue 'x'" }
    ],
    [
      "amqplib: an exchange that is forbidden",
      error("Operation failed: QueueDeclare; 403 (ACCESS-REFUSED) with message \"ACCESS_REFUSED - access to queue\"", {
        code: 403,
        classId: 50,
        methodId: 10
      }),
      "ApiPermission",
      "no"
    ],
    [
      "amqplib: a server that shuts down",
      error("Connection closed: 320 (CONNECTION-FORCED) with message \"CONNECTION_FORCED - broker forced\"", {
        code: 320
      }),
      "NetworkConnection",
      "retry"
    ],
    [
      "amqplib: a login that is refused",
      error(
        "Handshake terminated by server: 403 (ACCESS-REFUSED) with message \"ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.\"",
        { code: 403 }
      ),
      "ApiAuth",
      "no"
    ],
    [
      "amqplib: an end in the handshake",
      error("Socket closed abruptly during opening handshake"),
      "NetworkConnection",
      "retry"
    ],
    ["amqplib: no heartbeat", error("Heartbeat timeout"), "NetworkTimeout", "retry"],
    ["mqtt: no answer to CONNECT", error("connack timeout"), "NetworkTimeout", "retry"],
    ["mqtt: no answer to a ping", error("Keepalive timeout"), "NetworkTimeout", "retry"],
    [
      "mqtt: a wrong password",
      named("ErrorWithReasonCode", "Connection refused: Bad username or password", { code: 4 }),
      "ApiAuth",
      "no"
    ],
    [
      "mqtt: not authorized",
      named("ErrorWithReasonCode", "Connection refused: Not authorized", { code: 5 }),
      "ApiAuth",
      "no"
    ],
    [
      "mqtt: a server that is away",
      named("ErrorWithReasonCode", "Connection refused: Server unavailable", { code: 3 }),
      "NetworkConnection",
      "retry"
    ],
    [
      "socket.io: polling with status 503",
      error("xhr poll error", { type: "TransportError", description: 503, context: { status: 503, responseText: "" } }),
      "ApiFormat",
      "retry",
      { status: 503 }
    ],
    [
      "socket.io: no connection",
      error("xhr poll error", { type: "TransportError", description: 0, context: { status: 0, responseText: "" } }),
      "NetworkConnection",
      "retry"
    ],
    [
      "socket.io: a WebSocket that fails",
      error("websocket error", { type: "TransportError" }),
      "NetworkConnection",
      "retry"
    ]
  ],
  "shells and files": [
    [
      "ssh2: a wrong password",
      error("All configured authentication methods failed", { level: "client-authentication" }),
      "ApiAuth",
      "no"
    ],
    [
      "ssh2: a handshake in silence",
      error("Timed out while waiting for handshake", { level: "client-timeout" }),
      "NetworkTimeout",
      "retry"
    ],
    ["ssh2: keepalive", error("Keepalive timeout", { level: "client-timeout" }), "NetworkTimeout", "retry"],
    [
      "ssh2: an early end",
      error("Connection lost before handshake", { level: "protocol" }),
      "NetworkConnection",
      "retry"
    ],
    ["ssh2: SFTP, no such file", error("No such file", { code: 2 }), "StorageRead", "no"],
    [
      "ssh2-sftp-client: no such file",
      error("get: No such file /in/x.csv", { code: 2, custom: true }),
      "StorageRead",
      "no"
    ],
    ["ssh2: SFTP, no permission", error("Permission denied", { code: 3 }), "StoragePermission", "no"],
    [
      "ssh2-sftp-client: a wrong password",
      error("connect: getConnection: All configured authentication methods failed", {
        code: "ERR_GENERIC_CLIENT",
        custom: true
      }),
      "ApiAuth",
      "no"
    ],
    ["basic-ftp: a wrong password", named("FTPError", "530 Login incorrect.", { code: 530 }), "ApiAuth", "no", {
      says: "Login incorrect"
    }],
    [
      "basic-ftp: no such file",
      named("FTPError", "550 x.csv: No such file or directory.", { code: 550 }),
      "ApiFormat",
      "no"
    ],
    [
      "basic-ftp: too many clients",
      named("FTPError", "421 Too many connections from this IP", { code: 421 }),
      "ApiRateLimit",
      "retry"
    ],
    [
      "basic-ftp: a server that closes",
      named("FTPError", "421 Service not available, closing control connection.", { code: 421 }),
      "NetworkConnection",
      "retry"
    ],
    ["basic-ftp: silence", error("Timeout (control socket)"), "NetworkTimeout", "retry"],
    [
      "basic-ftp: an end",
      error("Server sent FIN packet unexpectedly, closing connection."),
      "NetworkConnection",
      "retry"
    ]
  ],
  "mail": [
    [
      "nodemailer: a wrong password",
      error("Invalid login: 535 5.7.8 Error: authentication failed", {
        code: "EAUTH",
        response: "535 5.7.8 Error: authentication failed",
        responseCode: 535,
        command: "AUTH PLAIN"
      }),
      "ApiAuth",
      "no"
    ],
    [
      "nodemailer: a temporary refusal",
      error("Data command failed: 451 4.3.0 Try later", {
        code: "EMESSAGE",
        response: "451 4.3.0 Try later",
        responseCode: 451,
        command: "DATA"
      }),
      "ApiFormat",
      "retry",
      { status: undefined }
    ],
    [
      "nodemailer: no such mailbox",
      error("Can't send mail - all recipients were rejected: 550 5.1.1 No such user", {
        code: "EENVELOPE",
        response: "550 5.1.1 No such user",
        responseCode: 550,
        command: "RCPT TO"
      }),
      "ApiFormat",
      "no"
    ],
    [
      "nodemailer: a greeting that refuses",
      error("Invalid greeting. response=421 4.3.2 Try later: 421 4.3.2 Try later", {
        code: "EPROTOCOL",
        response: "421 4.3.2 Try later",
        responseCode: 421,
        command: "CONN"
      }),
      "NetworkConnection",
      "retry"
    ],
    [
      "nodemailer: no greeting",
      error("Greeting never received", { code: "ETIMEDOUT", command: "CONN" }),
      "NetworkTimeout",
      "retry"
    ],
    [
      "imapflow: a wrong password",
      error("Command failed", {
        authenticationFailed: true,
        response: "2 NO [AUTHENTICATIONFAILED] Invalid credentials",
        responseStatus: "NO",
        responseText: "Invalid credentials",
        serverResponseCode: "AUTHENTICATIONFAILED"
      }),
      "ApiAuth",
      "no"
    ],
    [
      "imapflow: a greeting in silence",
      error("Failed to receive greeting from server in required time", { code: "GREETING_TIMEOUT" }),
      "NetworkTimeout",
      "retry"
    ],
    [
      "imapflow: throttled",
      error("Command failed", { code: "ETHROTTLE", throttleReset: 300_000 }),
      "ApiRateLimit",
      "retry"
    ],
    [
      "imapflow: no connection",
      error("Connection not available", { code: "NoConnection" }),
      "NetworkConnection",
      "retry"
    ]
  ],
  "databases": [
    [
      "prisma: no server",
      named("PrismaClientInitializationError", "Can't reach database server at `db:5432`", {
        errorCode: "P1001",
        clientVersion: "6.19.0"
      }),
      "NetworkConnection",
      "retry"
    ],
    [
      "prisma: no server, in a call",
      named("PrismaClientKnownRequestError", `${invoked}Can't reach database server at \`db:3306\``, {
        code: "P1001",
        meta: { database_host: "db", database_port: 3306 }
      }),
      "NetworkConnection",
      "retry"
    ],
    [
      "prisma: a pool that is empty",
      named(
        "PrismaClientKnownRequestError",
        `${invoked}Timed out fetching a new connection from the connection pool. More info: http://pris.ly/d/connection-pool`,
        { code: "P2024" }
      ),
      "NetworkTimeout",
      "retry"
    ],
    [
      "prisma: a wrong password",
      named(
        "PrismaClientInitializationError",
        "Authentication failed against database server, the provided database credentials for `x` are not valid.",
        { errorCode: "P1000" }
      ),
      "ApiAuth",
      "no"
    ],
    [
      "prisma: an end",
      named("PrismaClientKnownRequestError", `${invoked}Server has closed the connection.`, { code: "P1017" }),
      "NetworkConnection",
      "retry"
    ],
    [
      "prisma: not unique",
      named("PrismaClientKnownRequestError", `${invoked}Unique constraint failed on the fields: (\`email\`)`, {
        code: "P2002",
        meta: { target: ["email"] }
      }),
      "Unexpected",
      "no"
    ],
    [
      "knex: a pool that is empty",
      named(
        "KnexTimeoutError",
        "Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a .transacting(trx) call?"
      ),
      "NetworkTimeout",
      "retry"
    ],
    [
      "knex, as text",
      "Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a .transacting(trx) call?",
      "NetworkTimeout",
      "retry"
    ],
    [
      "sequelize: refused",
      named("SequelizeConnectionRefusedError", "connect ECONNREFUSED 127.0.0.1:9", {
        parent: refused,
        original: refused
      }),
      "NetworkConnection",
      "retry"
    ],
    [
      "sequelize: no such host",
      named("SequelizeHostNotFoundError", "getaddrinfo ENOTFOUND db", {
        parent: error("getaddrinfo ENOTFOUND db", { code: "ENOTFOUND", syscall: "getaddrinfo", hostname: "db" })
      }),
      "NetworkDns",
      "retry"
    ],
    [
      "sequelize: a pool that is empty",
      named("SequelizeConnectionAcquireTimeoutError", "Operation timeout", { parent: error("Operation timeout") }),
      "NetworkTimeout",
      "retry"
    ],
    [
      "sequelize: a wrong password",
      named("SequelizeAccessDeniedError", "Access denied for user 'x'", {
        parent: error("Access denied for user 'x'", { code: "ER_ACCESS_DENIED_ERROR", errno: 1045, sqlState: "28000" })
      }),
      "ApiAuth",
      "no"
    ],
    [
      "sequelize: not unique",
      named("SequelizeUniqueConstraintError", "Validation error", {
        parent: error("duplicate key", { code: "23505", severity: "ERROR" })
      }),
      "Unexpected",
      "no"
    ],
    [
      "typeorm: a serialization failure",
      named("QueryFailedError", "could not serialize access", {
        query: "UPDATE",
        parameters: [],
        driverError: error("could not serialize access", { code: "40001", severity: "ERROR" }),
        code: "40001",
        severity: "ERROR"
      }),
      "Unexpected",
      "retry"
    ],
    [
      "mssql: silence",
      named("ConnectionError", "Failed to connect to db:1433 in 15000ms", { code: "ETIMEOUT" }),
      "NetworkTimeout",
      "retry"
    ],
    [
      "mssql: a query in silence",
      named("RequestError", "Timeout: Request failed to complete in 15000ms", { code: "ETIMEOUT", number: "ETIMEOUT" }),
      "NetworkTimeout",
      "retry"
    ],
    [
      "mssql: a wrong password",
      named("ConnectionError", "Login failed for user 'sa'.", { code: "ELOGIN" }),
      "ApiAuth",
      "no"
    ],
    [
      "mssql: no server",
      named("ConnectionError", "Failed to connect to localhost:1433 - Could not connect (sequence)", {
        code: "ESOCKET"
      }),
      "NetworkConnection",
      "retry"
    ],
    [
      "neo4j: no server",
      named(
        "Neo4jError",
        "Failed to connect to server. Please ensure that your database is listening on the correct host and port. Caused by: connect ECONNREFUSED 127.0.0.1:7687",
        { code: "ServiceUnavailable", retriable: true }
      ),
      "NetworkConnection",
      "retry"
    ],
    [
      "neo4j: a wrong password",
      named("Neo4jError", "The client is unauthorized due to authentication failure.", {
        code: "Neo.ClientError.Security.Unauthorized",
        retriable: false
      }),
      "ApiAuth",
      "no"
    ],
    [
      "neo4j: too many wrong passwords",
      named("Neo4jError", "Too many attempts", { code: "Neo.ClientError.Security.AuthenticationRateLimit" }),
      "ApiRateLimit",
      "retry"
    ],
    [
      "neo4j: a deadlock",
      named("Neo4jError", "ForsetiClient can't acquire", {
        code: "Neo.TransientError.Transaction.DeadlockDetected",
        retriable: true
      }),
      "Unexpected",
      "retry"
    ],
    [
      "cassandra: silence",
      named("OperationTimedOutError", "The host 10.0.0.1:9042 did not reply before timeout 12000 ms"),
      "NetworkTimeout",
      "retry"
    ],
    [
      "mongoose: buffering",
      named("MongooseError", "Operation `users.find()` buffering timed out after 10000ms"),
      "NetworkTimeout",
      "retry"
    ],
    [
      "mongoose: no server",
      named("MongooseServerSelectionError", "connect ECONNREFUSED 127.0.0.1:27017", {
        reason: { type: "Unknown", servers: new Map() }
      }),
      "NetworkConnection",
      "retry"
    ],
    [
      "redis: no password",
      named("ReplyError", "NOAUTH Authentication required.", { command: { name: "get", args: ["x"] } }),
      "ApiAuth",
      "no"
    ],
    [
      "redis: a wrong password",
      named("ReplyError", "WRONGPASS invalid username-password pair or user is disabled."),
      "ApiAuth",
      "no"
    ],
    [
      "redis: not allowed",
      named("ReplyError", "NOPERM this user has no permissions to run the 'get' command"),
      "ApiPermission",
      "no"
    ],
    ["redis: loading", named("ReplyError", "LOADING Redis is loading the dataset in memory"), "ApiFormat", "retry"],
    ["redis: a cluster that is down", named("ReplyError", "CLUSTERDOWN The cluster is down"), "ApiFormat", "retry"],
    ["redis: too many clients", named("ReplyError", "ERR max number of clients reached"), "ApiRateLimit", "retry"],
    [
      "clickhouse: a wrong password",
      named("ClickHouseError", "Authentication failed: password is incorrect", {
        code: "516",
        type: "AUTHENTICATION_FAILED"
      }),
      "ApiAuth",
      "no"
    ],
    [
      "clickhouse: too many queries",
      named("ClickHouseError", "Too many simultaneous queries", { code: "202", type: "TOO_MANY_SIMULTANEOUS_QUERIES" }),
      "ApiRateLimit",
      "retry"
    ],
    [
      "oracledb: a wrong password",
      error("ORA-01017: invalid username/password; logon denied", { errorNum: 1017, code: "ORA-01017" }),
      "ApiAuth",
      "no"
    ],
    ["elasticsearch, legacy: no server", named("NoConnections", "No Living connections"), "NetworkConnection", "retry"],
    [
      "elasticsearch, legacy: busy",
      error("[es_rejected_execution_exception] queue capacity 1000", {
        status: 429,
        displayName: "TooManyRequests",
        body: { error: { reason: "queue capacity 1000" } }
      }),
      "ApiRateLimit",
      "retry",
      { status: 429 }
    ]
  ],
  "language models": [
    [
      "ai: an answer of 429",
      named("AI_APICallError", "Too fast", { ...tooMany, url: "https://api.test/v1" }),
      "ApiRateLimit",
      "retry",
      { status: 429, wait: 7000 }
    ],
    [
      "ai: after its own retries",
      named("AI_RetryError", "Failed after 3 attempts. Last error: Too fast", {
        reason: "maxRetriesExceeded",
        errors: [named("AI_APICallError", "Too fast", tooMany)],
        lastError: named("AI_APICallError", "Too fast", tooMany)
      }),
      "ApiRateLimit",
      "retry",
      { status: 429, wait: 7000 }
    ],
    [
      "ai: a request that is wrong",
      named("AI_APICallError", "Invalid model", {
        statusCode: 400,
        isRetryable: false,
        responseBody: "{\"error\":{\"message\":\"Invalid model\"}}"
      }),
      "ApiFormat",
      "no",
      { status: 400, says: "Invalid model" }
    ],
    [
      "@google/generative-ai: a quota",
      named(
        "GoogleGenerativeAIFetchError",
        "[GoogleGenerativeAI Error]: Error fetching from https://g.test/v1: [429 Too Many Requests] Quota exceeded",
        {
          status: 429,
          statusText: "Too Many Requests",
          errorDetails: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "24s" }]
        }
      ),
      "ApiRateLimit",
      "retry",
      { status: 429, wait: 24_000 }
    ],
    [
      "@google/generative-ai, as text: a quota",
      "[GoogleGenerativeAI Error]: Error fetching from https://g.test/v1: [429 Too Many Requests] Quota exceeded",
      "ApiRateLimit",
      "retry",
      { status: 429 }
    ],
    [
      "@google/generative-ai: no connection",
      named(
        "GoogleGenerativeAIError",
        "[GoogleGenerativeAI Error]: Error fetching from https://g.test/v1: fetch failed"
      ),
      "NetworkConnection",
      "retry"
    ],
    [
      "@google/genai: a quota",
      named(
        "ApiError",
        "{\"error\":{\"code\":429,\"message\":\"Resource has been exhausted\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[{\"retryDelay\":\"24s\"}]}}",
        { status: 429 }
      ),
      "ApiRateLimit",
      "retry",
      { status: 429, wait: 24_000, says: "Resource has been exhausted" }
    ],
    [
      "@google/genai: overloaded",
      named(
        "ServerError",
        "got status: 503 Service Unavailable. {\"error\":{\"code\":503,\"message\":\"The model is overloaded\"}}"
      ),
      "ApiFormat",
      "retry",
      { status: 503 }
    ],
    [
      "a body of Google, thrown",
      { error: { code: 429, message: "Resource has been exhausted", status: "RESOURCE_EXHAUSTED" } },
      "ApiRateLimit",
      "retry"
    ],
    [
      "langchain: a limit",
      error("429 Too fast", { lc_error_code: "MODEL_RATE_LIMIT", status: 429 }),
      "ApiRateLimit",
      "retry",
      { status: 429 }
    ]
  ],
  "services": [
    [
      "twilio: a limit",
      named("RestException", "Too Many Requests", {
        status: 429,
        code: 20_429,
        moreInfo: "https://www.twilio.com/docs/errors/20429"
      }),
      "ApiRateLimit",
      "retry",
      { status: 429 }
    ],
    [
      "twilio: a number that is wrong",
      named("RestException", "The 'To' number is not valid", { status: 400, code: 21_211, moreInfo: "x" }),
      "ApiFormat",
      "no",
      { status: 400, apiCode: 21_211, says: "not valid" }
    ],
    [
      "sendgrid: a wrong key",
      named("ResponseError", "Unauthorized", {
        code: 401,
        response: {
          headers: {},
          body: { errors: [{ message: "The provided authorization grant is invalid", field: null }] }
        }
      }),
      "ApiAuth",
      "no",
      { status: 401, says: "grant is invalid" }
    ],
    [
      "mailgun: a wrong key",
      error("Unauthorized", { status: 401, details: "Forbidden", type: "MailgunAPIError" }),
      "ApiAuth",
      "no",
      { status: 401 }
    ],
    [
      "notion: silence",
      named("RequestTimeoutError", "Request to Notion API has timed out", { code: "notionhq_client_request_timeout" }),
      "NetworkTimeout",
      "retry"
    ],
    [
      "notion: a limit",
      named("APIResponseError", "You have been rate limited.", {
        code: "rate_limited",
        status: 429,
        headers: new Headers({ "retry-after": "5" }),
        body: "{\"object\":\"error\",\"code\":\"rate_limited\"}"
      }),
      "ApiRateLimit",
      "retry",
      { status: 429, wait: 5000, apiCode: "rate_limited" }
    ],
    [
      "airtable: no such table",
      { error: "NOT_FOUND", message: "Could not find what you are looking for", statusCode: 404 },
      "ApiFormat",
      "no",
      { status: 404, says: "Could not find" }
    ],
    [
      "airtable: no connection",
      { error: "CONNECTION_ERROR", message: "An error occurred", statusCode: undefined },
      "NetworkConnection",
      "retry"
    ],
    [
      "shopify: 503",
      named("HttpInternalError", "Shopify internal error: Service Unavailable", {
        response: { code: 503, statusText: "Service Unavailable", headers: {}, body: {} }
      }),
      "ApiFormat",
      "retry",
      { status: 503 }
    ],
    [
      "shopify: throttled",
      named("GraphqlQueryError", "Throttled", {
        body: { errors: { graphQLErrors: [{ message: "Throttled", extensions: { code: "THROTTLED" } }] } },
        response: { status: 200 }
      }),
      "ApiRateLimit",
      "retry"
    ],
    [
      "hubspot: a limit",
      error("HTTP-Code: 429", {
        code: 429,
        headers: { "retry-after": "3" },
        body: { status: "error", message: "You have reached your secondly limit", policyName: "SECONDLY" }
      }),
      "ApiRateLimit",
      "retry",
      { status: 429, wait: 3000, says: "secondly limit" }
    ],
    [
      "jsforce: a limit",
      named("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", { errorCode: "REQUEST_LIMIT_EXCEEDED" }),
      "ApiRateLimit",
      "retry"
    ],
    [
      "jsforce: a session that has ended",
      named("INVALID_SESSION_ID", "Session expired or invalid", { errorCode: "INVALID_SESSION_ID" }),
      "ApiAuth",
      "no"
    ],
    [
      "jsforce: a wrong password",
      named("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.", {
        errorCode: "INVALID_LOGIN"
      }),
      "ApiAuth",
      "no"
    ],
    [
      "dropbox: a limit",
      named("DropboxResponseError", "Response failed with a 429 code", {
        status: 429,
        headers: {},
        error: {
          error_summary: "too_many_requests/..",
          error: { "reason": { ".tag": "too_many_requests" }, "retry_after": 15 }
        }
      }),
      "ApiRateLimit",
      "retry",
      { status: 429, wait: 15_000 }
    ],
    [
      "gitbeaker: a limit",
      named("GitbeakerRequestError", "Too Many Requests", {
        cause: {
          description: "Retry later",
          request: new Request("https://g.test/api"),
          response: new Response("Retry later", { status: 429, headers: { "retry-after": "9" } })
        }
      }),
      "ApiRateLimit",
      "retry",
      { status: 429, wait: 9000 }
    ],
    [
      "supabase functions: 503",
      named("FunctionsHttpError", "Edge Function returned a non-2xx status code", {
        context: new Response("down", { status: 503 })
      }),
      "ApiFormat",
      "retry",
      { status: 503 }
    ],
    [
      "supabase functions: no connection",
      named("FunctionsFetchError", "Failed to send a request to the Edge Function", {
        context: error("fetch failed", {}, refused)
      }),
      "NetworkConnection",
      "retry"
    ],
    [
      "firebase: no connection",
      named("FirebaseAppError", "Error while making request: connect ECONNREFUSED 127.0.0.1:9", {
        errorInfo: { code: "app/network-error", message: "x" },
        codePrefix: "app",
        code: "app/network-error"
      }),
      "NetworkConnection",
      "retry"
    ],
    [
      "firebase: a quota",
      named("FirebaseMessagingError", "Quota exceeded", {
        errorInfo: { code: "messaging/quota-exceeded", message: "x" },
        code: "messaging/quota-exceeded"
      }),
      "ApiRateLimit",
      "retry"
    ],
    [
      "firebase: a token that has expired",
      named("FirebaseAuthError", "Firebase ID token has expired", { errorInfo: { code: "auth/id-token-expired" } }),
      "ApiAuth",
      "no"
    ],
    [
      "firebase: a server that is away",
      named("FirebaseMessagingError", "x", {
        errorInfo: { code: "messaging/server-unavailable" },
        code: "messaging/server-unavailable"
      }),
      "ApiFormat",
      "retry"
    ],
    [
      "@google-cloud: a limit, after JSON",
      {
        code: 429,
        errors: [{ domain: "usageLimits", reason: "rateLimitExceeded", message: "slow down" }],
        message: "slow down"
      },
      "ApiRateLimit",
      "retry"
    ],
    [
      "@azure/storage: busy",
      named("RestError", "The server is busy.", {
        code: "ServerBusy",
        statusCode: 503,
        request: {},
        response: {
          status: 503,
          headers: {},
          bodyAsText: "<Error><Code>ServerBusy</Code><Message>The server is busy.</Message></Error>"
        }
      }),
      "ApiFormat",
      "retry",
      { status: 503, says: "server is busy" }
    ],
    [
      "minio: no such key",
      named("S3Error", "The specified key does not exist.", { code: "NoSuchKey", key: "x", bucketname: "b" }),
      "ApiFormat",
      "no"
    ],
    [
      "cloudflare: a wrong token",
      named("AuthenticationError", "401 {\"success\":false}", {
        status: 401,
        headers: {},
        error: { success: false, errors: [{ code: 10_000, message: "Authentication error" }] }
      }),
      "ApiAuth",
      "no",
      { status: 401, says: "Authentication error" }
    ],
    ["Cloudflare: its page of 1015", { status: 429, headers: {}, body: "error code: 1015" }, "ApiRateLimit", "retry", {
      status: 429,
      apiCode: 1015
    }],
    ["Cloudflare: its text of 1015", error("error code: 1015"), "ApiRateLimit", "retry"],
    [
      "Cloudflare: its text of 1015 with 403",
      { status: 403, headers: {}, body: "error code: 1015" },
      "ApiRateLimit",
      "retry",
      { status: 403, apiCode: 1015 }
    ],
    ["Cloudflare: its text of 1020", { status: 403, headers: {}, body: "error code: 1020" }, "ApiPermission", "no", {
      status: 403,
      apiCode: 1020
    }],
    [
      "ably: a token that has expired",
      error("Token expired", { statusCode: 401, code: 40_142, href: "https://help.ably.io/error/40142" }),
      "ApiAuth",
      "no",
      { status: 401 }
    ]
  ],
  "GraphQL and RPC": [
    [
      "apollo: 503",
      named("ApolloError", "Response not successful: Received status code 503", {
        graphQLErrors: [],
        networkError: named("ServerError", "Response not successful: Received status code 503", {
          response: new Response(null, { status: 503 }),
          statusCode: 503,
          result: {}
        })
      }),
      "ApiFormat",
      "retry",
      { status: 503 }
    ],
    ["apollo, as text: 429", error("Response not successful: Received status code 429"), "ApiRateLimit", "retry", {
      status: 429
    }],
    [
      "apollo 2, as text: 400",
      error("Network error: Response not successful: Received status code 400"),
      "ApiFormat",
      "no",
      { status: 400 }
    ],
    [
      "apollo: a page",
      named("ServerParseError", "Unexpected token '<', \"<html>\" is not valid JSON", {
        statusCode: 502,
        bodyText: "<html><title>Bad gateway of ours</title></html>",
        response: new Response(null, { status: 502 })
      }),
      "ApiFormat",
      "retry",
      { status: 502 }
    ],
    [
      "trpc: a limit",
      named("TRPCClientError", "Slow down", {
        shape: { message: "Slow down", code: -32_029, data: { code: "TOO_MANY_REQUESTS", httpStatus: 429 } },
        data: { code: "TOO_MANY_REQUESTS", httpStatus: 429, path: "x" }
      }),
      "ApiRateLimit",
      "retry",
      { status: 429 }
    ],
    [
      "trpc: a page",
      Object.assign(named("TRPCClientError", "Unexpected token '<', \"<h1>HTTP V\"... is not valid JSON"), {
        cause: new SyntaxError("Unexpected token '<', \"<h1>HTTP V\"... is not valid JSON"),
        meta: { response: new Response("<h1>", { status: 502 }) }
      }),
      "ApiFormat",
      "retry",
      { status: 502 }
    ],
    [
      "web3.js of Solana: no connection",
      error("failed to get recent blockhash: TypeError: fetch failed"),
      "NetworkConnection",
      "retry"
    ]
  ],
  "exchanges": [
    ["kraken: a limit, as text", error("Kraken API returned error: API:Rate limit exceeded"), "ApiRateLimit", "retry"],
    ["a limit, as text", error("Rate limit exceeded"), "ApiRateLimit", "retry"],
    ["a limit, as text of HTTP", error("Too Many Requests"), "ApiRateLimit", "retry"],
    ["okx: its answer, thrown", { code: "50011", msg: "Too Many Requests", data: [] }, "ApiRateLimit", "retry", {
      apiCode: "50011"
    }],
    [
      "bybit: its answer, thrown",
      { retCode: 10_006, retMsg: "Too many visits!", result: {}, retExtInfo: {}, time: 1 },
      "ApiRateLimit",
      "retry",
      { apiCode: 10_006 }
    ],
    ["kraken: its answer, thrown", { error: ["EAPI:Rate limit exceeded"] }, "ApiRateLimit", "retry"],
    ["kraken: a wrong key, thrown", { error: ["EAPI:Invalid key"] }, "ApiAuth", "no"],
    [
      "ccxt: kraken",
      named("RateLimitExceeded", "kraken {\"error\":[\"EGeneral:Too many requests\"]}"),
      "ApiRateLimit",
      "retry",
      { says: "Too many requests" }
    ],
    [
      "coinbase: 429",
      error("Request failed", {
        response: { status: 429, headers: { "ratelimit-reset": "3" }, data: { message: "Public rate limit exceeded" } }
      }),
      "ApiRateLimit",
      "retry",
      { status: 429, wait: 3000, says: "Public rate limit exceeded" }
    ]
  ],
  "clients of HTTP": [
    [
      "wretch: 503",
      error("down", { status: 503, response: new Response("down", { status: 503 }), text: "down", url: "http://x" }),
      "ApiFormat",
      "retry",
      { status: 503 }
    ],
    [
      "needle: no such host",
      error("getaddrinfo ENOTFOUND x", { errno: -3008, code: "ENOTFOUND", syscall: "getaddrinfo", hostname: "x" }),
      "NetworkDns",
      "retry"
    ],
    [
      "request: 429",
      named("StatusCodeError", "429 - {\"error\":\"slow down\"}", {
        statusCode: 429,
        error: { error: "slow down" },
        options: {},
        response: { statusCode: 429, headers: { "retry-after": "4" }, body: { error: "slow down" } }
      }),
      "ApiRateLimit",
      "retry",
      { status: 429, wait: 4000, says: "slow down" }
    ],
    [
      "p-retry: the last attempt",
      error("fetch failed", { attemptNumber: 3, retriesLeft: 0 }, refused),
      "NetworkConnection",
      "retry"
    ],
    [
      "node-fetch: text only",
      error("request to https://x.test/ failed, reason: connect ECONNREFUSED 127.0.0.1:9"),
      "NetworkConnection",
      "retry"
    ],
    [
      "node-fetch: text only, no such host",
      error("request to https://x.test/ failed, reason: getaddrinfo ENOTFOUND x.test"),
      "NetworkDns",
      "retry"
    ],
    [
      "a wrapper with a text: silence",
      error("Failed to load metadata: connect ETIMEDOUT 10.0.0.1:443"),
      "NetworkTimeout",
      "retry"
    ],
    ["a wrapper with a text: an end", error("Failed to load metadata: socket hang up"), "NetworkConnection", "retry"],
    [
      "a wrapper with a text: 503",
      error("Failed to load metadata: Request failed with status code 503"),
      "ApiFormat",
      "retry",
      { status: 503 }
    ],
    ["playwright: silence, as text", "page.goto: Timeout 30000ms exceeded.", "NetworkTimeout", "retry"],
    ["puppeteer: silence, as text", "Navigation timeout of 30000 ms exceeded", "NetworkTimeout", "retry"],
    ["electron: offline", error("net::ERR_INTERNET_DISCONNECTED"), "NetworkConnection", "retry"],
    ["React Native: silence", new TypeError("Network request timed out"), "NetworkTimeout", "retry"],
    [
      "Durable Objects: overloaded",
      error("Durable Object is overloaded. Too many requests queued.", { overloaded: true, retryable: false }),
      "ApiRateLimit",
      "retry"
    ],
    [
      "undici: after its retries",
      named("RequestRetryError", "Request failed", {
        code: "UND_ERR_REQ_RETRY",
        statusCode: 503,
        data: { count: 5 },
        headers: {}
      }),
      "ApiFormat",
      "retry",
      { status: 503 }
    ]
  ]
}

const seenOf = (cause: unknown) => {
  const found = Classifier.classifySync(cause)
  return {
    tag: found._tag,
    retry: found.retryable ? "retry" : "no",
    status: "status" in found ? found.status : undefined,
    apiCode: "apiCode" in found ? found.apiCode : undefined,
    wait: Option.getOrUndefined(Option.map(found.retryAfter, Duration.toMillis)),
    message: found.message
  }
}

for (const [kind, rows] of Object.entries(kinds)) {
  describe(kind, () => {
    for (const [name, cause, tag, retry, { says = "", ...expected } = {}] of rows) {
      it(name, () => {
        const { message, ...seen } = seenOf(cause)
        assert.deepInclude(seen, { tag, retry, ...expected }, message)
        assert.include(message, says)
      })
    }
  })
}
