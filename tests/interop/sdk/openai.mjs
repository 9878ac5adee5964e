// SPDX-License-Identifier: MIT
//
// OpenAI's own client against the mock server: chat, stream, tools, structured output, responses,
// embeddings, models, errors.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { check, tool } from "./check.mjs";

const client = new OpenAI({ baseURL: process.env.WEIR_MOCK_URL, apiKey: "none", maxRetries: 2 });
const messages = [{ role: "user", content: "Hi there" }];
const tools = [{ type: "function", function: tool }];

await check("a chat", async () => {
  const answer = await client.chat.completions.create({ model: "m", messages, max_tokens: 5 });
  assert.equal(answer.choices[0].message.content.split(" ").length, 5);
  assert.equal(answer.choices[0].finish_reason, "length");
  assert.equal(answer.usage.total_tokens, 7);
  assert.match(answer._request_id, /^req_mock_/);
});

await check("a stream is the same text", async () => {
  const whole = await client.chat.completions.create({ model: "m", messages });
  const stream = await client.chat.completions.create({
    model: "m",
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  let usage = null;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0].message.content);
  assert.deepEqual(usage, whole.usage);
});

await check("a stream in each dialect", async () => {
  for (const dialect of ["openai", "azure", "vllm", "llama.cpp", "deepseek", "openrouter", "tgi",
    "fastapi"]) {
    const stream = await client.chat.completions.create(
      { model: "m", messages, stream: true },
      { headers: { "x-mock-dialect": dialect } },
    );
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
    assert.ok(text.length > 0, dialect);
  }
});

await check("tools, called and answered", async () => {
  const question = { role: "user", content: 'call add({"a": 2, "b": 3}) and call add({"a": 4})' };
  const runner = client.chat.completions.stream({ model: "m", messages: [question], tools });
  const completion = await runner.finalChatCompletion();
  const calls = completion.choices[0].message.tool_calls;
  assert.equal(completion.choices[0].finish_reason, "tool_calls");
  assert.deepEqual(calls.map((call) => JSON.parse(call.function.arguments)),
    [{ a: 2, b: 3 }, { a: 4 }]);
  const results = calls.map((call, i) =>
    ({ role: "tool", tool_call_id: call.id, content: `sum ${i}` }));
  const answer = await client.chat.completions.create({
    model: "m",
    messages: [question, completion.choices[0].message, ...results],
    tools,
  });
  assert.equal(answer.choices[0].message.content, "The tools say: sum 0; sum 1.");
});

await check("structured output", async () => {
  const answer = await client.chat.completions.parse({
    model: "m",
    messages,
    response_format: {
      type: "json_schema",
      json_schema: { name: "sum", strict: true, schema: tool.parameters },
    },
  });
  assert.equal(typeof answer.choices[0].message.parsed.a, "number");
});

await check("responses, whole and streamed", async () => {
  const whole = await client.responses.create({ model: "m", input: "Hi there" });
  assert.equal(whole.status, "completed");
  assert.ok(whole.output_text.length > 0);
  const stream = client.responses.stream({ model: "m", input: "Hi there" });
  let text = "";
  for await (const event of stream) {
    if (event.type === "response.output_text.delta") text += event.delta;
  }
  assert.equal(text, whole.output_text);
  assert.equal((await stream.finalResponse()).output_text, whole.output_text);
});

await check("responses call tools", async () => {
  const stream = client.responses.stream({
    model: "m",
    input: "Hi there",
    tools: [{ type: "function", strict: true, ...tool }],
    tool_choice: "required",
  });
  const answer = await stream.finalResponse();
  assert.equal(answer.output[0].type, "function_call");
  assert.equal(typeof JSON.parse(answer.output[0].arguments).a, "number");
});

await check("embeddings, which it asks for as base64", async () => {
  const answer = await client.embeddings.create({ model: "m", input: ["a", "b"], dimensions: 16 });
  const { embedding } = answer.data[1];
  assert.equal(embedding.length, 16);
  assert.ok(Math.abs(embedding.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-4);
});

await check("models", async () => {
  assert.equal((await client.models.list()).data[0].id, "mock");
});

await check("errors have their classes", async () => {
  for (const [status, kind] of [[400, OpenAI.BadRequestError], [401, OpenAI.AuthenticationError],
    [404, OpenAI.NotFoundError], [429, OpenAI.RateLimitError],
    [503, OpenAI.InternalServerError]]) {
    const once = client.chat.completions.create(
      { model: "m", messages },
      { maxRetries: 0, headers: { "x-mock-status": String(status) } },
    );
    await assert.rejects(once, (error) => error instanceof kind && error.status === status);
  }
});

await check("an error in a stream is thrown", async () => {
  const stream = await client.chat.completions.create(
    { model: "m", messages, stream: true },
    { headers: { "x-mock-fault": "error" } },
  );
  await assert.rejects(async () => {
    for await (const chunk of stream) assert.ok(chunk);
  }, /told to fail here/);
});
