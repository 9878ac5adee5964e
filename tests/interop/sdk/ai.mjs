// SPDX-License-Identifier: MIT
//
// The AI SDK with its OpenAI provider against the mock server, by chat and by responses.
import assert from "node:assert/strict";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, embedMany, generateObject, generateText, stepCountIs, streamText,
  tool as makeTool } from "ai";
import { z } from "zod";
import { check } from "./check.mjs";

const openai = createOpenAI({ baseURL: process.env.WEIR_MOCK_URL, apiKey: "none" });
const numbers = z.object({ a: z.number(), b: z.number().optional() });

for (const [name, model] of [["chat", openai.chat("m")], ["responses", openai.responses("m")]]) {
  await check(`a text by ${name}`, async () => {
    const answer = await generateText({ model, prompt: "Hi there", maxOutputTokens: 5 });
    assert.equal(answer.text.split(" ").length, 5);
    assert.equal(answer.finishReason, "length");
    assert.equal(answer.usage.outputTokens, 5);
  });

  await check(`a stream by ${name} is the same text`, async () => {
    const whole = await generateText({ model, prompt: "Hi there" });
    let text = "";
    for await (const piece of streamText({ model, prompt: "Hi there" }).textStream) text += piece;
    assert.equal(text, whole.text);
  });

  await check(`a tool by ${name}, called and answered`, async () => {
    const add = makeTool({
      inputSchema: numbers,
      execute: async ({ a, b }) => `the sum is ${a + (b ?? 0)}`,
    });
    const result = streamText({
      model,
      prompt: 'call add({"a": 2, "b": 3})',
      tools: { add },
      stopWhen: stepCountIs(3),
    });
    assert.match(await result.text, /the sum is 5/);
    assert.equal((await result.steps).length, 2);
  });

  await check(`an object by ${name}`, async () => {
    const { object } = await generateObject({ model, schema: z.object({ a: z.number() }),
      prompt: "Hi there" });
    assert.equal(typeof object.a, "number");
  });

  await check(`an error by ${name}`, async () => {
    const once = generateText({ model, prompt: "Hi", maxRetries: 0,
      headers: { "x-mock-status": "429" } });
    await assert.rejects(once, (error) => APICallError.isInstance(error) &&
      error.statusCode === 429 && error.isRetryable);
  });
}

await check("embeddings", async () => {
  const answer = await embedMany({ model: openai.embedding("m"), values: ["a", "b"] });
  assert.equal(answer.embeddings.length, 2);
  assert.equal(answer.embeddings[0].length, 256);
});
