// The official client for Node in every way it can ask.
// Usage: node openai.mjs BASE_URL KEY MODEL
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [baseURL, apiKey, model] = process.argv.slice(2);
const client = new OpenAI({baseURL, apiKey, maxRetries: 0});
const who = [{role: 'user', content: 'Who are you?'}];
const weather = [{role: 'user', content: 'What is the weather like in Boston today?'}];
const parameters = {
  type: 'object',
  properties: {location: {type: 'string', description: 'The city and state, e.g. San Francisco, CA'}},
  required: ['location'],
};
const description = 'Get the current weather in a given location';

async function plainAndStreamedAreEqual() {
  const options = {model, messages: who, seed: 5, temperature: 1, n: 2};
  const plain = await client.chat.completions.create(options);
  assert.ok(plain._request_id);
  const texts = ['', ''];
  for await (const chunk of await client.chat.completions.create({...options, stream: true})) {
    texts[chunk.choices[0].index] += chunk.choices[0].delta.content ?? '';
  }
  assert.deepEqual(texts, plain.choices.map(choice => choice.message.content));
}

async function streamHelper() {
  const options = {model, messages: who, seed: 6};
  const plain = await client.chat.completions.create(options);
  const stream = client.chat.completions.stream({...options, stream_options: {include_usage: true}});
  let joined = '';
  stream.on('content', delta => { joined += delta; });
  const final = await stream.finalChatCompletion();
  assert.equal(final.choices[0].message.content, plain.choices[0].message.content);
  assert.equal(joined, final.choices[0].message.content);
  assert.equal(final.usage.completion_tokens, plain.usage.completion_tokens);
}

async function runTools() {
  const asked = [];
  const runner = client.chat.completions.runTools({
    model, messages: weather, temperature: 0,
    tools: [{type: 'function', function: {
      name: 'get_current_weather', description, parameters, parse: JSON.parse,
      function: ({location}) => { asked.push(location); return '{"temperature": 21, "condition": "sunny"}'; },
    }}],
  });
  assert.match(await runner.finalContent(), /21/);
  assert.equal(asked.length, 1);
  assert.match(asked[0], /Boston/);
}

async function runToolsStreamed() {
  let called = 0;
  const runner = client.chat.completions.runTools({
    model, messages: weather, temperature: 0, stream: true,
    tools: [{type: 'function', function: {
      name: 'get_current_weather', description, parameters, parse: JSON.parse,
      function: () => { ++called; return '{"temperature": 21, "condition": "sunny"}'; },
    }}],
  });
  assert.match(await runner.finalContent(), /21/);
  assert.equal(called, 1);
}

async function leavesEarly() {
  const stream = await client.chat.completions.create({model, messages: who, stream: true});
  for await (const chunk of stream) {
    assert.equal(chunk.object, 'chat.completion.chunk');
    break;
  }
}

async function rawResponse() {
  const {data, response, request_id} = await client.chat.completions.create(
      {model, messages: who, max_tokens: 1}, {headers: {'X-Trace-Id': 'mine.2'}}).withResponse();
  assert.equal(response.headers.get('x-siliconcloud-trace-id'), 'mine.2');
  assert.equal(request_id, 'mine.2');
  assert.equal(data.object, 'chat.completion');
}

async function refusals() {
  const stranger = new OpenAI({baseURL, apiKey: 'sk-wrong', maxRetries: 0});
  await assert.rejects(stranger.chat.completions.create({model, messages: who}), OpenAI.AuthenticationError);
  for (const wrong of [{model: 'nobody'}, {temperature: 3}, {messages: []}, {stream: true, n: 0}]) {
    await assert.rejects(client.chat.completions.create({model, messages: who, ...wrong}), OpenAI.BadRequestError);
  }
  await assert.rejects(client.models.retrieve('nobody'), OpenAI.NotFoundError);
}

async function models() {
  const ids = [];
  for await (const one of client.models.list()) {
    ids.push(one.id);
  }
  assert.deepEqual(ids, [model]);
}

for (const test of [plainAndStreamedAreEqual, streamHelper, runTools, runToolsStreamed, leavesEarly, rawResponse,
                    refusals, models]) {
  await test();
  console.log(test.name);
}
console.log('passed');
