-- SPDX-License-Identifier: LGPL-2.1-or-later
-- What wrk has seen, as one line of JSON: times in microseconds.
done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests": %d, "usec": %d, "p50": %d, "p99": %d, "max": %d, "failed": %d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
