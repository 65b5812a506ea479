-- Cycles through prepared bodies, one a line of the file named first, and prints one line of JSON.

local requests = {}
local turn = 0

function init(arguments)
  for body in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

-- Answers that took longer than a client of an overloaded service waits.
local PATIENCE_MICROSECONDS = 1e6

function late(latency)
  local count = 0
  for i = 1, #latency do
    local microseconds, times = latency(i)
    if microseconds > PATIENCE_MICROSECONDS then count = count + times end
  end
  return count
end

function done(summary, latency, _)
  local errors = summary.errors
  print(string.format(
    '{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "p999": %f, "worst": %f, "errors": %d, ' ..
    '"refused": %d, "late": %d}',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3,
    latency.max / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    errors.status, late(latency)
  ))
end
