"""The Vercel AI SDK as its users set it up, by the provider for OpenAI-compatible services."""
from node_scripts import run_script


def test_text_streams_and_tools(server):
    run_script("vercel.mjs", server, "ai", "@ai-sdk/openai-compatible", "zod")
