// The page's JavaScript examples, then the official client: plain, streamed, tools, a bad key.
// Usage: node examples.mjs BASE_URL KEY MODEL
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [baseURL, apiKey, model] = process.argv.slice(2);
const pair = [
  {role: 'system', content: '你是一个有用的助手'},
  {role: 'user', content: '你好,请介绍一下你自己'},
];
const tools = [{
  type: 'function',
  function: {
    name: 'get_current_weather',
    description: 'Get the current weather in a given location',
    parameters: {
      type: 'object',
      properties: {
        location: {type: 'string', description: 'The city and state, e.g. San Francisco, CA'},
        unit: {type: 'string', enum: ['celsius', 'fahrenheit']},
      },
      required: ['location'],
    },
  },
}];
const weather = [{role: 'user', content: 'What is the weather like in Boston today?'}];

async function post(body) {
  const response = await fetch(baseURL + '/chat/completions', {
    method: 'POST',
    headers: {'Content-Type': 'application/json', 'Authorization': `Bearer ${apiKey}`},
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200);
  assert.ok(response.headers.get('x-siliconcloud-trace-id'));
  return response;
}

async function plainFetch() {
  const data = await (await post({model, messages: pair})).json();
  assert.match(data.choices[0].message.content, /Millrace/);
}

async function streamedFetch() {
  const text = await (await post({model, messages: pair, stream: true})).text();
  assert.ok(text.endsWith('data: [DONE]\n\n'));
}

async function toolsFetch() {
  const data = await (await post({model, messages: weather, tools, tool_choice: 'auto', temperature: 0})).json();
  assert.equal(data.choices[0].message.tool_calls[0].function.name, 'get_current_weather');
}

async function officialClient() {
  const client = new OpenAI({baseURL, apiKey, maxRetries: 0});
  const completion = await client.chat.completions.create({model, messages: pair, seed: 5});
  let streamed = '';
  const stream = await client.chat.completions.create({model, messages: pair, seed: 5, stream: true});
  for await (const chunk of stream) {
    streamed += chunk.choices[0]?.delta?.content ?? '';
  }
  assert.equal(streamed, completion.choices[0].message.content);

  const helper = client.chat.completions.stream({model, messages: weather, tools, temperature: 0});
  const final = await helper.finalChatCompletion();
  assert.equal(final.choices[0].finish_reason, 'tool_calls');
  assert.match(JSON.parse(final.choices[0].message.tool_calls[0].function.arguments).location, /Boston/);

  const stranger = new OpenAI({baseURL, apiKey: 'sk-wrong', maxRetries: 0});
  await assert.rejects(stranger.chat.completions.create({model, messages: pair}), {status: 401});
}

await plainFetch();
await streamedFetch();
await toolsFetch();
await officialClient();
console.log('all examples passed');
