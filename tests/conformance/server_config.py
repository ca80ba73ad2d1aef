"""The configuration of the servers that the suite starts itself: the one place that knows configuration keys.

Every record runs the bundled model; what differs is what its record says it can do.
"""
import copy
import json
import pathlib

from support.server import DEMO

CONTEXT = 2048
END_TOKEN = "4539"  # <|im_end|> of the bundled model
NAMES = {
    "M": "Qwen/Qwen3-8B",  # hybrid, on by default, with everything
    "N": "demo/plain",  # never reasons; otherwise as M
    "V": "zai-org/GLM-4.6V",  # takes pictures
    "EFFORT": "deepseek-ai/DeepSeek-V4-Flash",
    "DSV3": "deepseek-ai/DeepSeek-V3.2",  # hybrid, off by default
    "BARE": "demo/bare",  # can do nothing beyond text
    "FIM": "demo/fim",
    "SHORT": "demo/short",  # takes prompts of 64 tokens
}
ALIAS = "demo/plain-alias"
COMMON = {"path": str(DEMO), "context": CONTEXT}
ABLE = {"tools": True, "json_mode": True, "prefix": True, "min_p": True, "fim": False, "effort": False, "max_n": 8}
RECORDS = {
    "M": {"thinking": "hybrid", "thinking_default": True},
    "N": {"thinking": "never", "aliases": [ALIAS]},
    "V": {"thinking": "never", "inputs": ["image"], "max_images": 3},
    "EFFORT": {"thinking": "hybrid", "thinking_default": True, "effort": True},
    "DSV3": {"thinking": "hybrid", "thinking_default": False},
    "BARE": {"thinking": "never", "tools": False, "json_mode": False, "prefix": False, "min_p": False, "max_n": 1},
    "FIM": {"thinking": "never", "fim": True},
    "SHORT": {"thinking": "never", "max_prompt_tokens": 64},
}
BASE = {
    "log_level": "info",
    "engine": {"kv_memory": "48MiB"},
    "models": [{**COMMON, **ABLE, "id": NAMES[role], **record} for role, record in RECORDS.items()],
}


def configuration(changes: dict) -> dict:
    """The base with sections replaced key by key. `roles` keeps only those records."""
    config = copy.deepcopy(BASE)
    changes = dict(changes)
    if (roles := changes.pop("roles", None)) is not None:
        config["models"] = [one for one in config["models"] if one["id"] in {NAMES[role] for role in roles}]
    for section, values in changes.items():
        config[section] = {**config.get(section, {}), **values} if isinstance(values, dict) else values
    return config


def write(config: dict, path: pathlib.Path) -> None:
    """Writes the file: JSON is YAML."""
    path.write_text(json.dumps(config, indent=1))
