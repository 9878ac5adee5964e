// SPDX-License-Identifier: MIT
//
// Runs one check, says how it went, and makes the program end with 1 if it failed.

/** Runs `body`; waits at most 20 seconds for it. */
export async function check(name, body) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("took more than 20 seconds")), 20_000);
  });
  try {
    await Promise.race([body(), limit]);
    console.log(`ok      ${name}`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`FAILED  ${name}`);
    console.error(error);
  } finally {
    clearTimeout(timer);
  }
}

/** A function of two numbers, as it is offered to models. */
export const tool = {
  name: "add",
  description: "Adds two numbers.",
  parameters: {
    type: "object",
    properties: { a: { type: "number" }, b: { type: "number" } },
    required: ["a", "b"],
    additionalProperties: false,
  },
};
