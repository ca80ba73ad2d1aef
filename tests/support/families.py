"""Every family of chat formats, as tiny models with random weights behind one server.

A model has the vocabulary and the template of its family where they are at hand (`../shared/data` beside the
repository). Without the vocabularies it has that of the bundled model; a family whose template is missing is left out,
with its name and the reason. Tokens that a vocabulary lacks are added to it.
"""
import dataclasses
import json
import pathlib
import subprocess

import yaml

from support.server import BINARY, DEMO, ROOT

SHARED = ROOT.parent / "shared" / "data"
OWN_TEMPLATES = pathlib.Path(__file__).parent / "templates"
MAX_REASONING = 150  # of the record NAME/short

THINK = ["<think>", "</think>"]
V3_CALLS = ["<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>",
            "<｜tool▁sep｜>", "<｜tool▁output▁begin｜>", "<｜tool▁output▁end｜>"]


@dataclasses.dataclass(frozen=True)
class Kind:
    """What files of one publisher have in common."""
    vocabulary: str
    pre: str
    special: list[str]  # control tokens
    marks: list[str]    # user-defined tokens
    options: list[str]


QWEN = Kind("qwen2.vocab.json", "qwen2", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
            [*THINK, "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"],
            ["--eos", "<|im_end|>"])
GLM = Kind("gpt-2.gguf", "glm4", ["<|endoftext|>", "[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>",
                                  "<|observation|>"],
           [*THINK, "<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>",
            "<tool_response>", "</tool_response>", "/nothink"],
           ["--eos", "<|endoftext|>", "--eot", "<|user|>"])
DEEPSEEK = Kind("gpt-2.gguf", "deepseek-v3", ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"],
                [*THINK, "<｜User｜>", "<｜Assistant｜>", "｜DSML｜", *V3_CALLS],
                ["--bos", "<｜begin▁of▁sentence｜>", "--eos", "<｜end▁of▁sentence｜>"])
HUNYUAN = Kind("gpt-2.gguf", "hunyuan", ["<|endoftext|>", "<|startoftext|>", "<|eos|>", "<|extra_0|>", "<|extra_4|>"],
               [], ["--eos", "<|eos|>"])


@dataclasses.dataclass(frozen=True)
class Family:
    name: str  # the record's name
    syntax: str
    kind: Kind
    forced_close: str  # what ends reasoning whose budget is spent
    marks: list[str]   # never in an answer's text
    template: str = ""  # a file of SHARED or of OWN_TEMPLATES
    prompt: str = ""    # the record's prompt encoder, instead of a template
    default_on: bool = True
    hybrid: bool = True
    opened: bool = True  # the prompt of a model that thinks ends inside reasoning

    @property
    def short(self) -> str:
        """The same model with `max_reasoning`."""
        return self.name + "/short"

    @property
    def always(self) -> str:
        """The same model as one that always thinks, whose reasoning the server opens."""
        return self.name + "/always"

    def template_path(self) -> pathlib.Path | None:
        if not self.template:
            return None
        own = OWN_TEMPLATES / self.template
        return own if own.exists() else SHARED / "templates" / self.template

    def missing(self) -> str:
        """Why the family cannot be tested here; empty when it can."""
        path = self.template_path()
        return "" if path is None or path.exists() else f"{self.name}: its template is not at {path}"


DSML = ["<｜DSML｜", "</｜DSML｜"]
FAMILIES = [
    Family("qwen3", "hermes", QWEN, "\n</think>\n\n", ["<tool_call>", "</tool_call>"],
           template="Qwen-Qwen3-0.6B.jinja", opened=False),
    Family("qwen3.5", "qwen3_coder", QWEN, "\n</think>\n\n", ["<tool_call>", "</tool_call>"],
           template="Qwen3.5-4B.jinja"),
    Family("glm-4.6", "glm45", GLM, "</think>", GLM.marks[2:8], template="GLM-4.6.jinja", opened=False),
    Family("glm-4.7", "glm47", GLM, "</think>", GLM.marks[2:8], template="GLM-4.7-Flash.jinja"),
    Family("deepseek-r1", "deepseek_v3", DEEPSEEK, "\n</think>\n\n", V3_CALLS[:5], template="deepseek_v3.jinja",
           hybrid=False),
    Family("deepseek-v3.1", "deepseek_v31", DEEPSEEK, "</think>", V3_CALLS[:5],
           template="deepseek-ai-DeepSeek-V3.1.jinja", default_on=False),
    Family("deepseek-v3.1-encoder", "deepseek_v31", DEEPSEEK, "</think>", V3_CALLS[:5], prompt="deepseek_v31",
           default_on=False),
    Family("deepseek-v3.2", "deepseek_v32", DEEPSEEK, "</think>", DSML, prompt="deepseek_v32", default_on=False),
    Family("deepseek-v4", "deepseek_v4", DEEPSEEK, "</think>", DSML, prompt="deepseek_v4"),
    Family("deepseek-v4-0731", "deepseek_v4", DEEPSEEK, "</think>", DSML, prompt="deepseek_v4_0731"),
    Family("hunyuan", "hunyuan", HUNYUAN, "\n</think>",
           ["<tool_calls>", "</tool_calls>", "<answer>", "</answer>"], template="hunyuan.jinja", opened=False),
]


@dataclasses.dataclass
class Model:
    """The file of a family and where its tokens are."""
    path: pathlib.Path
    ids: dict[str, int]


def make_model(family: Family, folder: pathlib.Path) -> Model:
    """Families of one kind that need no template of their own share a file."""
    kind = family.kind
    vocabulary = SHARED / "vocab" / kind.vocabulary
    path = folder / f"{family.name.replace('/', '-')}.gguf"
    command = [str(BINARY.parent / "make_model"), "--type", "F16", "--pre", kind.pre, "--name", family.name,
               "--vocabulary", str(vocabulary if vocabulary.exists() else DEMO), *kind.options]
    for option, texts in (("--special", kind.special), ("--mark", kind.marks)):
        for text in texts:
            command += [option, text]
    template = family.template_path()
    if template is not None:
        command += ["--template", str(template)]
    made = subprocess.run([*command, str(path)], capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr
    ids = {}
    for line in made.stdout.splitlines():
        number, _, text = line.partition(" ")
        ids[text] = int(number)
    return Model(path, ids)


def records_of(family: Family, model: Model) -> list[dict]:
    record = {"path": str(model.path), "effort": family.syntax == "deepseek_v4",
              **({"prompt": family.prompt} if family.prompt else {})}
    return [{**record, "id": family.name}, {**record, "id": family.short, "max_reasoning": MAX_REASONING},
            {**record, "id": family.always, "thinking": "always"}]


def write_config(models: dict[str, Model], folder: pathlib.Path) -> pathlib.Path:
    records = [record for family in FAMILIES if family.name in models
               for record in records_of(family, models[family.name])]
    path = folder / "families.yaml"
    path.write_text(yaml.safe_dump({"models": records, "engine": {"kv_memory": "64MiB", "queue_length": 4096},
                                    "log_level": "warn"}), encoding="utf-8")
    return path


def tokens_of_prompt(config: pathlib.Path, body: dict) -> list[int]:
    """The prompt that a server with the configuration makes of the body."""
    command = [str(BINARY), "render", "--tokens", "--config", str(config), body["model"]]
    made = subprocess.run(command, input=json.dumps(body).encode(), capture_output=True, timeout=60)
    assert made.returncode == 0, made.stderr
    line, ids, reader = made.stdout.decode("utf-8", "surrogateescape").rstrip("\n"), [], json.JSONDecoder()
    position = 0
    while position < len(line):
        colon = line.index(":", position)
        ids.append(int(line[position:colon]))
        _, position = reader.raw_decode(line, colon + 1)
        position += 1  # the space
    return ids
