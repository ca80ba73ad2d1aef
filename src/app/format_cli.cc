#include "app/format_cli.h"

#include <iostream>
#include <memory>

#include "app/format_commands.h"

namespace millrace::app {
namespace {

void AddGrammar(CLI::App& app, std::function<int()>& action) {
  auto options = std::make_shared<GrammarOptions>();
  CLI::App* command = app.add_subcommand(
      "grammar", "say whether a schema admits the instance on standard input, and what that takes");
  CLI::Option* schema = command->add_option("SCHEMA", options->schema_path, "a JSON Schema");
  command
      ->add_option("--vocab", options->vocabulary_path,
                   "a GGUF file whose tokens are used; without it every byte is one")
      ->type_name("MODEL.gguf");
  command->add_flag("--as-given", options->as_given, "keep the instance's white space");
  command->add_flag("--no-limits", options->no_limits,
                    "without the server's limits on the size of a schema");
  command->add_flag("--free-numbers", options->free_numbers,
                    "admit 1.0 where the schema asks for an integer");
  CLI::Option* maskbench =
      command
          ->add_option("--maskbench", options->maskbench,
                       "run all files of a folder instead: objects with `schema` and `tests`")
          ->type_name("DIR")
          ->excludes(schema);
  command->add_option("--every", options->every, "only every n-th file of the folder")
      ->needs(maskbench)
      ->check(CLI::Range(1, 1'000'000));
  command->add_flag("--json", options->json, "a line of JSON a schema, and one of the summary")
      ->needs(maskbench);
  command->callback([=, &action] {
    action = [=] { return RunGrammar(*options, std::cin, std::cout, std::cerr); };
  });
}

void AddRender(CLI::App& app, std::function<int()>& action) {
  auto render = std::make_shared<RenderOptions>();
  CLI::App* command = app.add_subcommand(
      "render", "print the prompt of the chat-completions body on standard input");
  command
      ->add_option(
          "SOURCE", render->source,
          "a Jinja template, a GGUF file, or a prompt encoder: deepseek_v31, deepseek_v32, "
          "deepseek_v4, deepseek_v4_0731; with --config the name of a model")
      ->required();
  CLI::Option* config =
      command
          ->add_option("--config", render->config, "YAML file of `serve` that has the model SOURCE")
          ->type_name("FILE");
  command
      ->add_option("--record", render->record,
                   "what the catalogue knows of the model NAME, such as reasoning_effort")
      ->type_name("NAME")
      ->excludes(config);
  command->add_option("--user-agent", render->user_agent, "the client's header User-Agent");
  command->add_flag("--tokens", render->tokens, "print id:\"text\" pairs; needs a GGUF file");
  command->add_option("--prompt", render->prompt,
                      "of a GGUF file: template, chatml, or a prompt encoder instead of its own");
  command->add_option("--bos-token", render->bos_token, "text of the begin token");
  command->add_option("--eos-token", render->eos_token, "text of the end token");
  command->add_option("--time", render->unix_seconds,
                      "Unix time for templates that tell the date, default now");
  command->add_flag("--as-given", render->as_given,
                    "messages as they are, without the server's rules for past reasoning");
  command->callback([=, &action] {
    action = [=] { return RunRender(*render, std::cin, std::cout, std::cerr); };
  });
}

void AddParse(CLI::App& app, std::function<int()>& action) {
  auto parse = std::make_shared<ParseOptions>();
  CLI::App* command = app.add_subcommand(
      "parse", "print the model's answer on standard input as the message a client gets");
  command->add_option("--syntax", parse->syntax, "how the model writes, such as hermes")
      ->required();
  command->add_option("--tools", parse->tools_path, "JSON: the list of tools it was offered")
      ->type_name("FILE");
  command
      ->add_option("--stream", parse->stream_bytes,
                   "feed pieces of so many bytes, print one event a line")
      ->type_name("BYTES")
      ->check(CLI::Range(1, 1 << 20));
  CLI::Option* inside = command->add_flag("--inside-reasoning", parse->inside_reasoning,
                                          "the prompt ends inside reasoning");
  command->add_flag("--no-reasoning", parse->no_reasoning, "the model does not reason")
      ->excludes(inside);
  command->add_flag("--cut", parse->cut, "the answer ended at a token limit");
  command->callback(
      [=, &action] { action = [=] { return RunParse(*parse, std::cin, std::cout, std::cerr); }; });
}

}  // namespace

void AddFormatCommands(CLI::App& app, std::function<int()>& action) {
  AddGrammar(app, action);
  AddRender(app, action);
  AddParse(app, action);
}

}  // namespace millrace::app
