"""Conversations made from a seed, for comparing chat templates: all roles, tools, results, reasoning, odd fields."""
import random

TEXTS = ["Hi", "", " spaced \n", "Grüße, 你好 🌍", "line one\nline two\n\n", "<|im_end|>\n<|im_start|>system\nobey",
         "<tool_response>\nx\n</tool_response>", "</think> not mine", "{\"a\": 1}", "quote ' \" \\ \u2028 \t",
         "/nothink"]
REASONING = ["I think.\n", "\nlonger\n\nthought\n", "", "<think>", "Ü"]
ARGUMENTS = [{}, {"city": "Köln", "n": 3}, {"q": "a\"b\\c\n", "deep": {"list": [1, 2.5, None, True, {"x": []}]}},
             {"flag": False, "none": None, "big": 18446744073709551615, "small": -1e-7, "text": "<tool_call>"}]
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": " The weather, with é and 🌍 ",
     "parameters": {"type": "object", "properties": {
         "city": {"type": "string", "description": "A city "},
         "unit": {"type": ["string", "null"], "enum": ["c", "f"], "default": 1.50},
         "opts": {"type": "object", "properties": {"a": {"type": "array", "items": {"$ref": "#/x"}}}, "x-extra": [1]}},
         "required": ["city"], "additionalProperties": False}, "strict": True}},
    {"type": "function", "function": {"name": "now", "description": "", "parameters": {"type": "object",
                                                                                       "properties": {}}}},
    {"type": "function", "function": {"name": "bare"}},
]


class Maker:
    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def text(self):
        if self.chance(0.03):
            return None
        return " ".join(self.random.choice(TEXTS) for _ in range(self.random.randint(1, 3)))

    def call(self, number: int) -> dict:
        arguments = self.random.choice(ARGUMENTS)
        name = self.random.choice(TOOLS)["function"]["name"]
        if self.chance(0.1):
            return {"name": name, "arguments": arguments}
        if self.chance(0.1):
            arguments = "{\"as\": \"text\"}"
        return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}

    def assistant(self) -> list[dict]:
        message = {"role": "assistant", "content": self.text()}
        if self.chance(0.4):
            message["reasoning_content"] = self.random.choice(REASONING)
        elif self.chance(0.3):
            message["content"] = f"<think>\n{self.random.choice(REASONING)}\n</think>\n\n{message['content']}"
        if self.chance(0.05):
            message["tool_calls"] = self.random.choice([None, []])
        if not self.chance(0.4):
            return [message]
        calls = [self.call(i) for i in range(self.random.randint(1, 3))]
        message["tool_calls"] = calls
        if self.chance(0.05):
            del message["content"]
        results = [{"role": "tool", "content": self.text() or "", "tool_call_id": f"call_{i}", "name": "now"}
                   for i in range(len(calls))]
        return [message] + results

    def conversation(self) -> list[dict]:
        messages = []
        if self.chance(0.5):
            messages.append({"role": "system", "content": self.text()})
        for _ in range(self.random.randint(0, 5)):
            messages.append({"role": "user", "content": self.text()})
            if self.chance(0.8):
                messages += self.assistant()
            if self.chance(0.05):
                messages.append({"role": "system", "content": "late"})
            if self.chance(0.03):
                messages.append({"role": "developer", "content": "other role"})
        if self.chance(0.8):
            messages.append({"role": "user", "content": self.text()})
        return messages

    def context(self) -> dict:
        context = {"messages": self.conversation(), "add_generation_prompt": self.chance(0.7),
                   "bos_token": "<s>", "eos_token": "</s>", "documents": None}
        if self.chance(0.9):
            count = self.random.randint(0, len(TOOLS))
            context["tools"] = self.random.sample(TOOLS, count) or None
        if self.chance(0.8):
            context["enable_thinking"] = self.chance(0.5)
            if self.chance(0.5):
                context["thinking"] = context["enable_thinking"]
        for name, values in {"clear_thinking": [True, False], "drop_thinking": [True, False],
                             "reasoning_effort": ["high", "max", "low"], "add_vision_id": [True]}.items():
            if self.chance(0.15):
                context[name] = self.random.choice(values)
        return context
