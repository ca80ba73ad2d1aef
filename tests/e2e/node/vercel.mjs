// The Vercel AI SDK: text, reasoning, streams, a tool loop, errors.
// Usage: node vercel.mjs BASE_URL KEY MODEL
import assert from 'node:assert/strict';
import {createOpenAICompatible} from '@ai-sdk/openai-compatible';
import {generateText, stepCountIs, streamText, tool} from 'ai';
import {z} from 'zod';

const [baseURL, apiKey, name] = process.argv.slice(2);
const millrace = createOpenAICompatible({name: 'millrace', baseURL, apiKey, includeUsage: true});
const model = millrace(name);
const system = 'You are a helpful assistant.';
const common = {model, maxRetries: 0, temperature: 0};
const plain = {providerOptions: {millrace: {enable_thinking: false}}};

async function text() {
  const reply = await generateText({...common, system, prompt: 'Who are you?'});
  assert.match(reply.text, /Millrace/);
  assert.ok(reply.reasoningText.length > 0);
  assert.equal(reply.finishReason, 'stop');
  assert.equal(reply.usage.totalTokens, reply.usage.inputTokens + reply.usage.outputTokens);
}

async function stream() {
  const whole = await generateText({...common, prompt: 'Who are you?', seed: 4});
  const reply = streamText({...common, prompt: 'Who are you?', seed: 4});
  let joined = '';
  let reasoning = '';
  for await (const part of reply.fullStream) {
    assert.notEqual(part.type, 'error', String(part.error));
    joined += part.type === 'text-delta' ? part.text : '';
    reasoning += part.type === 'reasoning-delta' ? part.text : '';
  }
  assert.equal(joined, whole.text);
  assert.equal(reasoning, whole.reasoningText);
  assert.equal((await reply.usage).outputTokens, whole.usage.outputTokens);
}

function weatherTool(asked) {
  return {get_current_weather: tool({
    description: 'Get the current weather in a given location',
    inputSchema: z.object({location: z.string().describe('The city and state, e.g. San Francisco, CA')}),
    execute: async ({location}) => { asked.push(location); return {temperature: 21, condition: 'sunny'}; },
  })};
}

async function toolLoop() {
  const asked = [];
  const reply = await generateText({...common, tools: weatherTool(asked), stopWhen: stepCountIs(3),
                                    prompt: 'What is the weather like in Boston today?'});
  assert.match(asked[0], /Boston/);
  assert.match(reply.text, /21/);
  assert.ok(reply.steps.length >= 2);
}

async function streamedToolLoop() {
  const asked = [];
  const reply = streamText({...common, tools: weatherTool(asked), stopWhen: stepCountIs(3),
                            prompt: 'What is the weather like in Boston today?'});
  let joined = '';
  for await (const piece of reply.textStream) {
    joined += piece;
  }
  assert.match(asked[0], /Boston/);
  assert.match(joined, /21/);
}

async function thinkingOff() {
  const reply = await generateText({...common, ...plain, prompt: 'Who are you?'});
  assert.ok(!reply.reasoningText);
}

async function refusals() {
  const wrongModel = generateText({...common, model: millrace('nobody'), prompt: 'hi'});
  await assert.rejects(wrongModel, error => error.statusCode === 400 && /20012/.test(error.responseBody));
  const stranger = createOpenAICompatible({name: 'millrace', baseURL, apiKey: 'sk-wrong'});
  await assert.rejects(generateText({...common, model: stranger(name), prompt: 'hi'}), {statusCode: 401});
}

async function leavesEarly() {
  const controller = new AbortController();
  const reply = streamText({...common, prompt: 'How do I use this server?', abortSignal: controller.signal});
  for await (const part of reply.fullStream) {
    if (part.type === 'text-delta' || part.type === 'reasoning-delta') {
      controller.abort();
    }
  }
}

for (const test of [text, stream, toolLoop, streamedToolLoop, thinkingOff, refusals, leavesEarly]) {
  await test();
  console.log(test.name);
}
console.log('passed');
