-- What wrk sends: requests of three events with ids of their own, numbered by thread and request.
local threads = {}

function setup(thread)
  thread:set("number", #threads + 1)
  table.insert(threads, thread)
end

function init(arguments)
  -- Its own random bits in each thread: two runs of one bench send no id twice.
  run = tonumber(arguments[1])
  sent, taken, refused = 0, 0, 0
end

local function event(place)
  local id = string.format("019b%04x-%04x-7%03x-8%03x-%012x", run % 65536, number, place, 0, sent)
  local at = os.date("!%Y-%m-%dT%H:%M:%S.000Z")
  local head = '{"id":"' .. id .. '","touchpoint":"blog/first","at":"' .. at .. '",'
  if place == 0 then return head .. '"type":"view","data":{"referrer":"news.example"}}' end
  if place == 1 then return head .. '"type":"engage","data":{"seconds":31,"depth":80}}' end
  return head .. '"type":"outbound","data":{"host":"elsewhere.example"}}'
end

function request()
  sent = sent + 1
  local headers = {
    ["Content-Type"] = "text/plain;charset=UTF-8",
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  }
  local body = "[" .. event(0) .. "," .. event(1) .. "," .. event(2) .. "]"
  return wrk.format("POST", "/journey/v1/events", headers, body)
end

function response(status)
  if status == 204 then taken = taken + 1 else refused = refused + 1 end
end

function done(summary, latency)
  local taken, refused = 0, 0
  for _, thread in ipairs(threads) do
    taken, refused = taken + thread:get("taken"), refused + thread:get("refused")
  end
  io.write(string.format(
    '{"taken":%d,"refused":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"errors":%d}\n',
    taken, refused, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
