// What the official Node client reads. Usage: node - BASE_URL KEY MODEL streams|weather
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [baseURL, apiKey, model, what] = process.argv.slice(2);
const client = new OpenAI({baseURL, apiKey, maxRetries: 0});
const user = (content) => [{role: 'user', content}];
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
const weather = {model, messages: user('What is the weather like in Boston today?'), tools, tool_choice: 'auto'};

async function same(body) {
  const whole = await client.chat.completions.create(body);
  let content = '';
  let reasoning = '';
  for await (const chunk of await client.chat.completions.create({...body, stream: true})) {
    content += chunk.choices[0]?.delta?.content ?? '';
    reasoning += chunk.choices[0]?.delta?.reasoning_content ?? '';
  }
  const message = whole.choices[0].message;
  assert.equal(content, message.content);
  assert.equal(reasoning, message.reasoning_content ?? '');
  const final = await client.chat.completions.stream(body).finalChatCompletion();
  const read = final.choices[0].message;
  assert.equal(read.content ?? '', message.content);
  assert.deepEqual((read.tool_calls ?? []).map((call) => call.function.arguments),
                   (message.tool_calls ?? []).map((call) => call.function.arguments));
}

async function streams() {
  await same({model, messages: user('Tell me a joke.'), seed: 1, thinking_budget: 128});
  await same({model, messages: user('Tell me a joke.'), seed: 2, enable_thinking: false});
  await same({...weather, temperature: 0, enable_thinking: false});
  await same({...weather, temperature: 0, enable_thinking: true});
}

async function documentedWeather() {
  const response = await fetch(baseURL + '/chat/completions', {
    method: 'POST',
    headers: {'Content-Type': 'application/json', 'Authorization': `Bearer ${apiKey}`},
    body: JSON.stringify(weather),
  });
  assert.equal(response.status, 200);
  const message = (await response.json()).choices[0].message;
  assert.ok(message.content || message.tool_calls);
}

await {streams, weather: documentedWeather}[what]();
console.log('ok');
