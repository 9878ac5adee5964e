// SPDX-License-Identifier: MIT
//
// Heads of responses such as LLM APIs send from behind their CDNs, a dozen kinds: whole and
// streamed answers, refusals, redirects. Also for the peers' programs: nothing of weir is included.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace weir::bench {

inline constexpr std::array<std::string_view, 12> kResponseHeads = {
    // A whole answer through a large CDN.
    "HTTP/1.1 200 OK\r\n"
    "Date: Tue, 14 Jan 2025 09:41:07 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 1187\r\n"
    "Connection: keep-alive\r\n"
    "access-control-expose-headers: X-Request-ID\r\n"
    "openai-organization: user-k1jq8v2mzx04tplw7c6s9d3f\r\n"
    "openai-processing-ms: 1284\r\n"
    "openai-version: 2020-10-01\r\n"
    "x-ratelimit-limit-requests: 10000\r\n"
    "x-ratelimit-limit-tokens: 2000000\r\n"
    "x-ratelimit-remaining-requests: 9999\r\n"
    "x-ratelimit-remaining-tokens: 1999868\r\n"
    "x-ratelimit-reset-requests: 6ms\r\n"
    "x-ratelimit-reset-tokens: 3ms\r\n"
    "x-request-id: req_5e0b7d61c2f84a9ab0d34f1e8c67a925\r\n"
    "strict-transport-security: max-age=31536000; includeSubDomains; preload\r\n"
    "CF-Cache-Status: DYNAMIC\r\n"
    "Set-Cookie: __cf_bm=Qm9va3NBcmVMb29wc1Rvby0xNzM2ODQ3NjY3LTEuMC4xLjEtYWJjZGVmZ2hpamts; "
    "path=/; expires=Tue, 14-Jan-25 10:11:07 GMT; domain=.api.example.com; HttpOnly; Secure; "
    "SameSite=None\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Set-Cookie: _cfuvid=8sVqkT3mZ0y5hXw1LrNcJd2fBgPu7aEo-1736847667412-0.0.1.1-604800000; "
    "path=/; domain=.api.example.com; HttpOnly; Secure; SameSite=None\r\n"
    "Server: cloudflare\r\n"
    "CF-RAY: 901c3d5f7a8be2d4-FRA\r\n"
    "alt-svc: h3=\":443\"; ma=86400\r\n"
    "\r\n",
    // The same, streamed.
    "HTTP/1.1 200 OK\r\n"
    "Date: Tue, 14 Jan 2025 09:41:09 GMT\r\n"
    "Content-Type: text/event-stream; charset=utf-8\r\n"
    "Transfer-Encoding: chunked\r\n"
    "Connection: keep-alive\r\n"
    "access-control-expose-headers: X-Request-ID\r\n"
    "openai-organization: user-k1jq8v2mzx04tplw7c6s9d3f\r\n"
    "openai-processing-ms: 342\r\n"
    "openai-version: 2020-10-01\r\n"
    "x-ratelimit-limit-requests: 10000\r\n"
    "x-ratelimit-limit-tokens: 2000000\r\n"
    "x-ratelimit-remaining-requests: 9998\r\n"
    "x-ratelimit-remaining-tokens: 1998204\r\n"
    "x-ratelimit-reset-requests: 11ms\r\n"
    "x-ratelimit-reset-tokens: 53ms\r\n"
    "x-request-id: req_0c9f13ab77e24d5f9f6b2a8d41e3b760\r\n"
    "CF-Cache-Status: DYNAMIC\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Server: cloudflare\r\n"
    "CF-RAY: 901c3d6c1f40e2d4-FRA\r\n"
    "alt-svc: h3=\":443\"; ma=86400\r\n"
    "\r\n",
    // Another API, with limits of its own.
    "HTTP/1.1 200 OK\r\n"
    "Date: Tue, 14 Jan 2025 09:42:31 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 843\r\n"
    "Connection: keep-alive\r\n"
    "anthropic-ratelimit-requests-limit: 4000\r\n"
    "anthropic-ratelimit-requests-remaining: 3999\r\n"
    "anthropic-ratelimit-requests-reset: 2025-01-14T09:42:31Z\r\n"
    "anthropic-ratelimit-input-tokens-limit: 400000\r\n"
    "anthropic-ratelimit-input-tokens-remaining: 399000\r\n"
    "anthropic-ratelimit-input-tokens-reset: 2025-01-14T09:42:31Z\r\n"
    "anthropic-ratelimit-output-tokens-limit: 80000\r\n"
    "anthropic-ratelimit-output-tokens-remaining: 80000\r\n"
    "anthropic-ratelimit-output-tokens-reset: 2025-01-14T09:42:31Z\r\n"
    "request-id: req_011CPtkXvYwQb3n5ZsA7JmRe\r\n"
    "anthropic-organization-id: 3c6a1f0e-7b52-4d8e-9a41-5f2c0d9e8b17\r\n"
    "via: 1.1 google\r\n"
    "cf-cache-status: DYNAMIC\r\n"
    "X-Robots-Tag: none\r\n"
    "Server: cloudflare\r\n"
    "CF-RAY: 901c3f6e3c09d3a1-AMS\r\n"
    "\r\n",
    // Too many requests.
    "HTTP/1.1 429 Too Many Requests\r\n"
    "Date: Tue, 14 Jan 2025 09:43:02 GMT\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Content-Length: 337\r\n"
    "Connection: keep-alive\r\n"
    "retry-after: 2\r\n"
    "retry-after-ms: 1842\r\n"
    "vary: Origin\r\n"
    "x-ratelimit-limit-requests: 500\r\n"
    "x-ratelimit-limit-tokens: 30000\r\n"
    "x-ratelimit-remaining-requests: 499\r\n"
    "x-ratelimit-remaining-tokens: 71\r\n"
    "x-ratelimit-reset-requests: 120ms\r\n"
    "x-ratelimit-reset-tokens: 1.842s\r\n"
    "x-request-id: req_a51d8e0f3b2c4796a8d7b9c0e1f25384\r\n"
    "x-should-retry: true\r\n"
    "Server: cloudflare\r\n"
    "CF-RAY: 901c402d9d77e2d4-FRA\r\n"
    "\r\n",
    // Overloaded, in a few words.
    "HTTP/1.1 529 \r\n"
    "Date: Tue, 14 Jan 2025 09:43:10 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 75\r\n"
    "Connection: keep-alive\r\n"
    "x-should-retry: true\r\n"
    "request-id: req_011CPtkb2cQ9VxTn4GhE8sLw\r\n"
    "Server: cloudflare\r\n"
    "CF-RAY: 901c405fb0a1d3a1-AMS\r\n"
    "\r\n",
    // A gateway's own page.
    "HTTP/1.1 502 Bad Gateway\r\n"
    "Server: nginx\r\n"
    "Date: Tue, 14 Jan 2025 09:43:15 GMT\r\n"
    "Content-Type: text/html\r\n"
    "Content-Length: 150\r\n"
    "Connection: close\r\n"
    "\r\n",
    // A bare server beside the GPU.
    "HTTP/1.1 200 OK\r\n"
    "date: Tue, 14 Jan 2025 09:44:00 GMT\r\n"
    "server: uvicorn\r\n"
    "content-length: 611\r\n"
    "content-type: application/json\r\n"
    "\r\n",
    // The same, streamed.
    "HTTP/1.1 200 OK\r\n"
    "date: Tue, 14 Jan 2025 09:44:01 GMT\r\n"
    "server: uvicorn\r\n"
    "content-type: text/event-stream; charset=utf-8\r\n"
    "transfer-encoding: chunked\r\n"
    "\r\n",
    // A cloud's own front, with long identifiers.
    "HTTP/1.1 200 OK\r\n"
    "Content-Length: 1640\r\n"
    "Content-Type: application/json\r\n"
    "x-ms-rai-invoked: true\r\n"
    "x-ms-region: Sweden Central\r\n"
    "apim-request-id: 7e1b5c09-2f4d-4a63-8e57-90ab3cd4ef12\r\n"
    "azureml-model-session: d142-20250108084316\r\n"
    "x-accel-buffering: no\r\n"
    "x-ms-deployment-name: chat\r\n"
    "x-ratelimit-remaining-requests: 249\r\n"
    "x-ratelimit-remaining-tokens: 249870\r\n"
    "cmp-upstream-response-duration: 713\r\n"
    "x-ms-client-request-id: 7e1b5c09-2f4d-4a63-8e57-90ab3cd4ef12\r\n"
    "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Date: Tue, 14 Jan 2025 09:44:20 GMT\r\n"
    "\r\n",
    // A front that says much of policy.
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/event-stream\r\n"
    "Content-Disposition: attachment\r\n"
    "Vary: Origin\r\n"
    "Vary: X-Origin\r\n"
    "Vary: Referer\r\n"
    "Transfer-Encoding: chunked\r\n"
    "Date: Tue, 14 Jan 2025 09:45:01 GMT\r\n"
    "Server: scaffolding on HTTPServer2\r\n"
    "X-XSS-Protection: 0\r\n"
    "X-Frame-Options: SAMEORIGIN\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Server-Timing: gfet4t7; dur=489\r\n"
    "Alt-Svc: h3=\":443\"; ma=2592000,h3-29=\":443\"; ma=2592000\r\n"
    "\r\n",
    // Elsewhere.
    "HTTP/1.1 308 Permanent Redirect\r\n"
    "Date: Tue, 14 Jan 2025 09:45:40 GMT\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: 15\r\n"
    "Connection: keep-alive\r\n"
    "Location: https://api.example.com/v1/chat/completions\r\n"
    "Cache-Control: public, max-age=0, must-revalidate\r\n"
    "Strict-Transport-Security: max-age=63072000\r\n"
    "X-Vercel-Id: fra1::7q2xk-1736847940512-3f9b0c8d7e6a\r\n"
    "\r\n",
    // A wrong key.
    "HTTP/1.1 401 Unauthorized\r\n"
    "Date: Tue, 14 Jan 2025 09:46:12 GMT\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Content-Length: 268\r\n"
    "Connection: keep-alive\r\n"
    "vary: Origin\r\n"
    "www-authenticate: Bearer realm=\"api\", error=\"invalid_token\"\r\n"
    "x-request-id: req_2f6b1c8e9d04475ab3c2d1e0f9a8b7c6\r\n"
    "strict-transport-security: max-age=31536000; includeSubDomains; preload\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Server: cloudflare\r\n"
    "CF-RAY: 901c44d0ae19e2d4-FRA\r\n"
    "\r\n",
};

/// What is to be found in all of them together.
inline constexpr std::size_t kResponseHeadFields = 148;

}  // namespace weir::bench
