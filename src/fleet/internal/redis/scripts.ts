/**
 * The scripts that make each primitive atomic. They are dumb on purpose: what an alert is, and when it fires, is decided by
 * the processes.
 *
 * All keys of a fleet have one hash tag, so that a cluster keeps them on one node. Times are those of the server.
 */
export interface Script {
  readonly name: string
  readonly lua: string
}

const script = (name: string, lua: string): Script => ({ name, lua })

const clock = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`

// ---------------------------------------------------------------------------------------------------------------------
// gates
// ---------------------------------------------------------------------------------------------------------------------

/** KEYS: gates of an address, stream. ARGV: host, ms, 1 for a ban, message, least extension in ms, most hosts. */
export const closeGate = script(
  "closeGate",
  `${clock}
local old = redis.call('HGET', KEYS[1], ARGV[1])
local before = old and tonumber(string.match(old, '^%d+')) or 0
local wait = tonumber(ARGV[2])
if before > now and before - now + tonumber(ARGV[5]) > wait then return 0 end
if not old and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do if tonumber(string.match(all[i + 1], '^%d+')) <= now then redis.call('HDEL', KEYS[1], all[i]) end end
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then return 0 end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + wait) .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])
redis.call('PEXPIRE', KEYS[1], math.max(redis.call('PTTL', KEYS[1]), wait))
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 100, '*', 'host', ARGV[1])
redis.call('PEXPIRE', KEYS[2], math.max(wait, 3600000))
return 1`
)

/** KEYS: gates of an address. Returns host, ms, 1 for a ban, message of each. */
export const closedGates = script(
  "closedGates",
  `${clock}
local all, answer = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do
  local till, ban, message = string.match(all[i + 1], '^(%d+) (%d) (.*)$')
  local wait = tonumber(till) - now
  if wait > 0 then
    local n = #answer
    answer[n + 1], answer[n + 2], answer[n + 3], answer[n + 4] = all[i], wait, tonumber(ban), message
  end
end
return answer`
)

// ---------------------------------------------------------------------------------------------------------------------
// weight
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The used weight of this minute, what is reserved in it, and what is reserved in the minute before and not settled. A
 * reservation whose process died is so forgotten after the next minute.
 */
const weight = `${clock}
local minute = math.floor(now / 60000)
local v = redis.call('HMGET', KEYS[1], 'minute', 'used', 'pending', 'before', 'epoch')
local stored, used, pending, before = tonumber(v[1]) or -9, tonumber(v[2]) or 0, tonumber(v[3]) or 0, tonumber(v[4]) or 0
-- A clock that went back continues with the newest minute.
if stored > minute and stored - minute < 3 then minute = stored end
if stored ~= minute then
  before = stored == minute - 1 and pending or 0
  used, pending = 0, 0
end
local epoch = tonumber(v[5]) or now
local function save()
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'minute', minute, 'used', used, 'pending', pending, 'before', before)
  redis.call('PEXPIRE', KEYS[1], 180000)
end
`

/**
 * KEYS: weight of a host. ARGV: limit, weight, block, and a minute with its settled weight, as the process knows it. Returns
 * granted, used, settled, minute, ms left, epoch.
 */
export const reserve = script(
  "reserve",
  `${weight}
if tonumber(ARGV[4]) == minute then used = math.max(used, tonumber(ARGV[5])) end
local free = math.floor(tonumber(ARGV[1]) - used - pending - before)
local granted = free >= tonumber(ARGV[2]) and math.min(free, tonumber(ARGV[3])) or 0
pending = pending + granted
save()
return {granted, used + pending + before, used, minute, (minute + 1) * 60000 - now, epoch}`
)

/** KEYS: weight of a host. ARGV: minute, answered, reported, spent, unused, epoch. */
export const settle = script(
  "settle",
  `${weight}
local of, answered, reported, spent, unused = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
-- Reservations of another epoch are not counted here.
local ended = tonumber(ARGV[6]) == epoch and answered + spent + unused or 0
if of == minute then
  pending = math.max(0, pending - ended)
  used = math.max(used, reported) + spent
elseif of == minute - 1 then
  -- An answer to a request of the minute before may state the weight of that minute; the request may count in this one.
  before = math.max(0, before - ended)
  used = used + answered + spent
else return 0 end
save()
return 1`
)

/** KEYS: members of a group. ARGV: process, ttl in ms. Returns the number of members. */
export const join = script(
  "join",
  `${clock}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[2])))
return redis.call('ZCARD', KEYS[1])`
)

/** KEYS: members of a group. ARGV: process. */
export const leave = script("leave", `return redis.call('ZREM', KEYS[1], ARGV[1])`)

// ---------------------------------------------------------------------------------------------------------------------
// counts
// ---------------------------------------------------------------------------------------------------------------------

/** A series in a window is text: its newest step in 64 bits, then counts in 32 bits, newest first. See \`ring.ts\`. */
const ring = `
local kept, zero = 61, '\\0\\0\\0\\0'
local pack, unpackAt, sub, rep = struct.pack, struct.unpack, string.sub, string.rep
local function clamp(n) return n > 4294967295 and 4294967295 or n end
local function slots(blob, nowStep)
  local ahead = nowStep - unpackAt('>I8', blob)
  if ahead < 0 then ahead = 0 end
  local n = (#blob - 8) / 4
  if n > kept - ahead then n = kept - ahead end
  if n <= 0 then return {}, ahead end
  return {unpackAt('>' .. rep('I4', n), blob, 9)}, ahead, n
end
local function sum(blob, nowStep)
  local counts, _, n = slots(blob, nowStep)
  local total = 0
  for i = 1, n or 0 do total = total + counts[i] end
  return total
end
`

/**
 * KEYS: cursor of the process, then for each group a hash for each window. ARGV: seq, age in ms, ttl of the cursor in ms,
 * number of windows W, W times the step and the ttl in ms, number of groups, for each group: its number of series n, n fields,
 * n counts, n flags. Returns a status, the newest seq, now, then W sums for each series with a flag.
 */
export const flush = script(
  "flush",
  `${clock}${ring}
local seq, at = tonumber(ARGV[1]), now - tonumber(ARGV[2])
local last = tonumber(redis.call('GET', KEYS[1]) or 0)
if seq <= last then return {'Duplicate', last, now} end
if seq > last + 1 then return {'Gap', last, now} end
local W = tonumber(ARGV[4])
local a, k, chunk = 5 + 2 * W, 1, 1000
local answer = {'Counted', seq, now}
for g = 1, tonumber(ARGV[a]) do
  local n = tonumber(ARGV[a + 1])
  local first = #answer
  for w = 1, W do
    local key, step, wanted = KEYS[k + w], tonumber(ARGV[3 + 2 * w]), first + w
    local atStep, nowStep = math.floor(at / step), math.floor(now / step)
    for from = 1, n, chunk do
      local to = math.min(n, from + chunk - 1)
      local blobs = redis.call('HMGET', key, unpack(ARGV, a + 1 + from, a + 1 + to))
      local set = {}
      for i = from, to do
        local blob, count = blobs[i - from + 1], tonumber(ARGV[a + 1 + n + i])
        if not blob then blob = pack('>I8I4', atStep, clamp(count))
        else
          local ahead = atStep - unpackAt('>I8', blob)
          if ahead == 0 then
            blob = sub(blob, 1, 8) .. pack('>I4', clamp(unpackAt('>I4', blob, 9) + count)) .. sub(blob, 13)
          elseif ahead >= kept then blob = pack('>I8I4', atStep, clamp(count))
          elseif ahead > 0 then
            blob = pack('>I8I4', atStep, clamp(count)) .. rep(zero, ahead - 1) .. sub(blob, 9, 8 + 4 * (kept - ahead))
          elseif -ahead < kept then
            local place = 9 - 4 * ahead
            if #blob < place + 3 then blob = blob .. rep(zero, (place + 3 - #blob) / 4) end
            blob = sub(blob, 1, place - 1) .. pack('>I4', clamp(unpackAt('>I4', blob, place) + count)) .. sub(blob, place + 4)
          end
        end
        set[2 * (i - from) + 1], set[2 * (i - from) + 2] = ARGV[a + 1 + i], blob
        if ARGV[a + 1 + 2 * n + i] == '1' then
          answer[wanted] = sum(blob, nowStep)
          wanted = wanted + W
        end
      end
      redis.call('HSET', key, unpack(set))
    end
    redis.call('PEXPIRE', key, ARGV[4 + 2 * w])
  end
  a, k = a + 1 + 3 * n, k + W
end
redis.call('SET', KEYS[1], seq, 'PX', ARGV[3])
return answer`
)

/** KEYS: cursor of a process. ARGV: seq, ttl in ms. */
export const resume = script("resume", `return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])`)

/** KEYS: hash. ARGV: cursor, step in ms, count. Returns the next cursor, then field and sum of each. */
export const counts = script(
  "counts",
  `${clock}${ring}
local nowStep = math.floor(now / tonumber(ARGV[2]))
local r = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[3])
local answer = {r[1]}
for i = 1, #r[2], 2 do
  local total = sum(r[2][i + 1], nowStep)
  if total > 0 then answer[#answer + 1] = r[2][i]; answer[#answer + 1] = total end
end
return answer`
)

/** KEYS: hash. ARGV: step in ms, fields. Returns now, then for each field a list of counts, the newest first. */
export const timeline = script(
  "timeline",
  `${clock}${ring}
local nowStep, answer = math.floor(now / tonumber(ARGV[1])), {now}
for i = 2, #ARGV do
  local blob, line = redis.call('HGET', KEYS[1], ARGV[i]), {}
  for s = 1, kept do line[s] = 0 end
  if blob then
    local counts, ahead, n = slots(blob, nowStep)
    for s = 1, n or 0 do line[s + ahead] = counts[s] end
  end
  answer[i] = line
end
return answer`
)

/** KEYS: hash. ARGV: cursor, step in ms, count. Fields have no expiry of their own before Redis 7.4. */
export const clean = script(
  "clean",
  `${clock}${ring}
local nowStep = math.floor(now / tonumber(ARGV[2]))
local r = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[3])
local freed = 0
for i = 1, #r[2], 2 do
  if nowStep - unpackAt('>I8', r[2][i + 1]) >= kept then freed = freed + redis.call('HDEL', KEYS[1], r[2][i]) end
end
return {r[1], freed}`
)

// ---------------------------------------------------------------------------------------------------------------------
// alerts
// ---------------------------------------------------------------------------------------------------------------------

/** KEYS: states, stream of edges. ARGV: alert, state before, state after, ttl in ms, edges. */
export const changeState = script(
  "changeState",
  `local is = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if is ~= ARGV[2] then return {0, is} end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
for i = 5, #ARGV do redis.call('XADD', KEYS[2], 'MAXLEN', '~', 1000, '*', 'edge', ARGV[i]) end
if #ARGV > 4 then redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
return {1, ARGV[3]}`
)

/** KEYS: states. ARGV: ttl in ms, alert, state, … */
export const restoreStates = script(
  "restoreStates",
  `for i = 2, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])`
)

/** KEYS: states, stream of edges. ARGV: ttl in ms. Returns the position of the newest edge, then alert and state of each. */
export const states = script(
  "states",
  `redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local answer, all = {newest[1] and newest[1][1] or '0-0'}, redis.call('HGETALL', KEYS[1])
for i = 1, #all do answer[i + 1] = all[i] end
return answer`
)

/** KEYS: stream. Returns the position of its newest entry. */
export const newest = script(
  "newest",
  `local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return newest[1] and newest[1][1] or '0-0'`
)

/** KEYS: stream. ARGV: group, position from which a new group starts, ttl in ms. */
export const createGroup = script(
  "createGroup",
  `local r = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], ARGV[2], 'MKSTREAM')
if type(r) == 'table' and r.err and not string.find(r.err, 'BUSYGROUP') then return r end
return redis.call('PEXPIRE', KEYS[1], math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[3])))`
)

/** KEYS: stream. ARGV: group, consumer. Removes the consumer, and those that have been gone for a day, unless edges wait. */
export const leaveGroup = script(
  "leaveGroup",
  `if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local removed, consumers = 0, redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if consumers.err then return 0 end
for _, c in ipairs(consumers) do
  local is = {}
  for i = 1, #c, 2 do is[c[i]] = c[i + 1] end
  if is.pending == 0 and (is.name == ARGV[2] or is.idle > 86400000) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], is.name)
    removed = removed + 1
  end
end
return removed`
)

// ---------------------------------------------------------------------------------------------------------------------
// marks
// ---------------------------------------------------------------------------------------------------------------------

/** KEYS: set. ARGV: ttl in ms, most marks, then number, name of each. */
export const mark = script(
  "mark",
  `for i = 3, #ARGV, 2 do redis.call('ZADD', KEYS[1], 'GT', ARGV[i], ARGV[i + 1]) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[2]))
return redis.call('PEXPIRE', KEYS[1], ARGV[1])`
)

/** KEYS: set. ARGV: names. Returns the number of each, as text, or false. */
export const marks = script("marks", `return redis.call('ZMSCORE', KEYS[1], unpack(ARGV))`)

// ---------------------------------------------------------------------------------------------------------------------
// leases
// ---------------------------------------------------------------------------------------------------------------------

/** KEYS: lease. ARGV: process, ttl in ms. */
export const lease = script(
  "lease",
  `local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`
)

/** KEYS: lease. ARGV: process. */
export const release = script(
  "release",
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`
)
