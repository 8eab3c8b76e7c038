-- Asks Portcullis about each request, with HAProxy's own HTTP client (HAProxy 2.6 or later, built with Lua).
--
--     http-request lua.portcullis member      every good token
--     http-request lua.portcullis admin       only admins of the organization

-- Asked through the section "listen portcullis" of haproxy.cfg, which has the address, the timeouts and no retries.
local forward_auth = "http://portcullis/forward-auth"
local listener = "abns@portcullis"
local timeout_ms = 6000

-- What Portcullis reports about the caller, for the API.
local caller_headers = {
    "x-portcullis-organization", "x-portcullis-account", "x-portcullis-account-kind",
    "x-portcullis-role", "x-portcullis-groups", "x-portcullis-token",
}
-- What Portcullis sends to the client with a refusal.
local refusal_headers = { "content-type", "www-authenticate", "cache-control", "retry-after", "x-request-id" }
local refusal_statuses = { [400] = true, [401] = true, [403] = true, [503] = true }

-- HAProxy counts the values of a header from 0, and has no table where there are none.
local function list_values(values)
    local list = {}
    local index = 0
    while values and values[index] do
        list[#list + 1] = values[index]
        index = index + 1
    end
    return list
end

-- HAProxy answers itself, as HTML, when Portcullis cannot be reached.
local function is_refusal(answer)
    local media_type = list_values(answer.headers and answer.headers["content-type"])[1]
    return refusal_statuses[answer.status] and media_type == "application/problem+json"
end

local function verify_request(txn, required_role)
    local received = txn.http:req_get_headers()
    return core.httpclient():get{
        url = forward_auth,
        dst = listener,
        timeout = timeout_ms,
        headers = {
            -- All values: Portcullis refuses two credentials with 400.
            ["authorization"] = list_values(received["authorization"]),
            ["ib-context"] = list_values(received["ib-context"]),
            ["x-request-id"] = list_values(received["x-request-id"]),
            ["x-portcullis-require-role"] = { required_role },
        },
    }
end

local function reject_as_unavailable(txn)
    local reply = txn:reply{ status = 503, reason = "Service Unavailable" }
    reply:add_header("content-type", "application/problem+json")
    reply:add_header("cache-control", "no-store")
    reply:add_header("retry-after", "1")
    reply:set_body('{"type":"about:blank","status":503,"code":"unavailable","title":"Temporarily unavailable",'
        .. '"detail":"It cannot be checked right now whether the token is good."}')
    txn:done(reply)
end

local function reject_as_answered(txn, answer)
    local reply = txn:reply{ status = answer.status, reason = answer.reason }
    for _, name in ipairs(refusal_headers) do
        for _, value in ipairs(list_values(answer.headers[name])) do
            reply:add_header(name, value)
        end
    end
    reply:set_body(answer.body)
    txn:done(reply)
end

core.register_action("portcullis", { "http-req" }, function(txn, required_role)
    local answer = verify_request(txn, required_role)
    if answer.status == 200 then
        for _, name in ipairs(caller_headers) do
            txn.http:req_set_header(name, list_values(answer.headers[name])[1] or "")
        end
    elseif is_refusal(answer) then
        reject_as_answered(txn, answer)
    else
        -- Fail closed: no answer, or one that is not Portcullis' own.
        reject_as_unavailable(txn)
    end
end, 1)
