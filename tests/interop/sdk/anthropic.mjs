// SPDX-License-Identifier: MIT
//
// Anthropic's own client against the mock server: messages, stream, tools, thinking, errors.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { check, tool } from "./check.mjs";

const client = new Anthropic({
  baseURL: process.env.WEIR_MOCK_URL.replace(/\/v1$/, ""),
  apiKey: "none",
  maxRetries: 2,
});
const messages = [{ role: "user", content: "Hi there" }];
const tools = [{ name: tool.name, input_schema: tool.parameters }];

await check("a message", async () => {
  const answer = await client.messages.create({ model: "m", max_tokens: 5, messages });
  assert.equal(answer.content[0].text.split(" ").length, 5);
  assert.equal(answer.stop_reason, "max_tokens");
  assert.equal(answer.usage.output_tokens, 5);
  assert.match(answer._request_id, /^req_mock_/);
});

await check("a stream is the same message", async () => {
  const whole = await client.messages.create({ model: "m", max_tokens: 999, messages });
  const stream = client.messages.stream({ model: "m", max_tokens: 999, messages });
  let text = "";
  stream.on("text", (piece) => { text += piece; });
  const answer = await stream.finalMessage();
  assert.equal(text, whole.content[0].text);
  assert.deepEqual(answer.content[0].text, text);
  assert.equal(answer.stop_reason, "end_turn");
  assert.equal(answer.usage.output_tokens, whole.usage.output_tokens);
});

await check("tools, called and answered", async () => {
  const question = { role: "user", content: 'call add({"a": 2, "b": 3}) and call add({"a": 4})' };
  const request = { model: "m", max_tokens: 999, tools };
  const first = await client.messages.stream({ ...request, messages: [question] }).finalMessage();
  assert.equal(first.stop_reason, "tool_use");
  assert.deepEqual(first.content.map((block) => block.input), [{ a: 2, b: 3 }, { a: 4 }]);
  const results = first.content.map((block, i) =>
    ({ type: "tool_result", tool_use_id: block.id, content: `sum ${i}` }));
  const answer = await client.messages.create({
    ...request,
    messages: [question, { role: "assistant", content: first.content },
      { role: "user", content: results }],
  });
  assert.equal(answer.content[0].text, "The tools say: sum 0; sum 1.");
});

await check("thinking comes first", async () => {
  const answer = await client.messages.stream({
    model: "m",
    max_tokens: 2048,
    thinking: { type: "enabled", budget_tokens: 1024 },
    messages,
  }).finalMessage();
  assert.deepEqual(answer.content.map((block) => block.type), ["thinking", "text"]);
  assert.ok(answer.content[0].signature.length > 0);
});

await check("models", async () => {
  assert.equal((await client.models.list()).data[0].id, "mock");
});

await check("errors have their classes", async () => {
  for (const [status, kind] of [[400, Anthropic.BadRequestError],
    [401, Anthropic.AuthenticationError], [429, Anthropic.RateLimitError],
    [529, Anthropic.InternalServerError]]) {
    const once = client.messages.create(
      { model: "m", max_tokens: 5, messages },
      { maxRetries: 0, headers: { "x-mock-status": String(status) } },
    );
    await assert.rejects(once, (error) => error instanceof kind && error.status === status);
  }
});

await check("an error in a stream is thrown", async () => {
  const stream = client.messages.stream(
    { model: "m", max_tokens: 99, messages },
    { headers: { "x-mock-fault": "error" } },
  );
  await assert.rejects(stream.finalMessage(), /told to fail here/);
});
