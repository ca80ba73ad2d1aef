#include "app/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "app/chat_client.h"
#include "app/commands.h"
#include "app/format_cli.h"
#include "app/nearest_name.h"
#include "app/version.h"

namespace millrace::app {
namespace {

void AddServeFlags(CLI::App& command, ServeFlags& flags) {
  command.add_option("--config", flags.config, "YAML file with the same settings")
      ->type_name("FILE");
  command
      .add_option("--model", flags.models,
                  "a GGUF file to serve, and the name clients use for it; repeatable")
      ->type_name("FILE.gguf[=ID]")
      ->allow_extra_args(false);
  command
      .add_option("--listen", flags.listen,
                  "address, default 127.0.0.1:8080; port 0 takes any free one")
      ->type_name("HOST:PORT");
  command
      .add_option("--data", flags.data,
                  "directory of keys and usage, default ~/.local/share/millrace")
      ->type_name("DIR");
  command.add_option("--threads", flags.threads, "compute threads, default one a core")
      ->check(CLI::Range(1, 1024));
  command.add_flag("--no-auth", flags.no_auth, "serve without keys; loopback addresses only");
  command.add_option("--log-format", flags.log_format, "text or json, default text")
      ->check(CLI::IsMember({"text", "json"}));
}

// What the parsed command line asks for; set by the chosen subcommand.
using Action = std::function<int()>;

void AddServing(CLI::App& app, Action& action) {
  auto options = std::make_shared<ModelsOptions>();
  CLI::App* serve = app.add_subcommand("serve", "serve the API until Ctrl-C");
  CLI::App* check =
      app.add_subcommand("check", "validate configuration and model files, start nothing");
  CLI::App* models =
      app.add_subcommand("models", "list what would be served, with abilities and limits");
  for (CLI::App* command : {serve, check, models}) {
    AddServeFlags(*command, options->serve);
  }
  models->add_flag("--catalogue", options->catalogue, "list the records known by name instead");
  models->add_flag("--json", options->json, "print JSON");
  serve->callback(
      [=, &action] { action = [=] { return RunServe(options->serve, std::cout, std::cerr); }; });
  check->callback(
      [=, &action] { action = [=] { return RunCheck(options->serve, std::cout, std::cerr); }; });
  models->callback(
      [=, &action] { action = [=] { return RunModels(*options, std::cout, std::cerr); }; });
}

void AddKeys(CLI::App& app, Action& action) {
  auto options = std::make_shared<KeysOptions>();
  CLI::App* keys = app.add_subcommand("keys", "make, list, change and revoke API keys");
  keys->require_subcommand(1);
  using Run = int (*)(const KeysOptions&, std::ostream&, std::ostream&);
  const auto add = [&](const char* name, const char* help, Run run) {
    CLI::App* command = keys->add_subcommand(name, help);
    command->add_option("--data", options->data_directory, "the server's data directory")
        ->type_name("DIR");
    command->add_flag("--json", options->json, "print JSON");
    command->callback(
        [=, &action] { action = [=] { return run(*options, std::cout, std::cerr); }; });
    return command;
  };
  const auto add_models = [&](CLI::App* command) {
    return command
        ->add_option("--model", options->models,
                     "id of a model the key may use, no alias; repeatable")
        ->type_name("ID")
        ->allow_extra_args(false);
  };
  CLI::App* create =
      add("create", "make a key, for every model unless some are named; it is printed once",
          RunKeysCreate);
  create->add_option("--account", options->account, "account the key belongs to, made when new");
  create->add_option("--name", options->name, "what the key is for");
  add_models(create);
  CLI::Option* days = create->add_option("--expires-in-days", options->expires_in_days, "0 = never")
                          ->check(CLI::Range(0, 36500));
  create->add_option("--expires", options->expires, "end in UTC: 2026-12-31 or 2026-12-31T18:00")
      ->type_name("DATE")
      ->excludes(days);
  add("list", "list keys, without the keys themselves", RunKeysList);
  const std::vector<CLI::App*> on_one_key = {
      add("revoke", "for good: a revoked key answers 403 from then on", RunKeysRevoke),
      add("disable", "a disabled key answers 403 until it is enabled", RunKeysDisable),
      add("enable", "undo disable", RunKeysEnable),
      add("models", "say anew which models a key may use", RunKeysModels)};
  for (CLI::App* command : on_one_key) {
    command->add_option("ID", options->key_id, "key id, or its beginning")->required();
  }
  CLI::Option* models = add_models(on_one_key.back());
  on_one_key.back()->add_flag("--all", options->every_model, "every model")->excludes(models);
}

void AddUsage(CLI::App& app, Action& action) {
  auto options = std::make_shared<UsageOptions>();
  CLI::App* command = app.add_subcommand("usage", "show what accounts, keys and models used");
  command->add_option("--account", options->account, "one account; default every account")
      ->type_name("ID");
  command
      ->add_option("--since", options->since,
                   "requests begun then or later, in UTC: 2026-11-23 or 2026-11-23T09:30")
      ->type_name("DATE");
  command->add_option("--before", options->before, "requests begun earlier")->type_name("DATE");
  command->add_option("--data", options->data_directory, "the server's data directory")
      ->type_name("DIR");
  command->add_flag("--json", options->json, "print JSON");
  command->callback(
      [=, &action] { action = [=] { return RunUsage(*options, std::cout, std::cerr); }; });
}

void AddFileTools(CLI::App& app, Action& action) {
  auto inspect = std::make_shared<InspectOptions>();
  CLI::App* command = app.add_subcommand("inspect", "show what a GGUF file holds");
  command->add_option("FILE", inspect->path, "a GGUF file")->required();
  command->add_flag("--json", inspect->json, "print JSON");
  command->callback(
      [=, &action] { action = [=] { return RunInspect(*inspect, std::cout, std::cerr); }; });

  auto tokenize = std::make_shared<TokenizeOptions>();
  command = app.add_subcommand(
      "tokenize", "print the token ids of the text on standard input, one line a text");
  command->add_option("FILE", tokenize->path, "a GGUF file with a vocabulary")->required();
  CLI::Option* lines =
      command->add_flag("--lines", tokenize->lines, "every line is a text of its own");
  command
      ->add_option("--separator", tokenize->separator,
                   "texts are each followed by a line of exactly this")
      ->excludes(lines);
  command->add_flag("--special", tokenize->special, "control tokens in the text count as such");
  command->add_flag("--pieces", tokenize->pieces, "print id:\"text\" pairs");
  command->callback([=, &action] {
    action = [=] { return RunTokenize(*tokenize, std::cin, std::cout, std::cerr); };
  });

  auto bench = std::make_shared<BenchOptions>();
  command = app.add_subcommand("bench", "measure prefill and decode speed of a model file");
  command->add_option("-m,--model", bench->path, "a GGUF file")->required();
  command->add_option("--prefill", bench->prefill, "prompt tokens, default 512")
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("--decode", bench->decode, "tokens to decode, default 64")
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("--depth", bench->depth, "tokens in the cache before decoding, default 0")
      ->check(CLI::Range(0, 1 << 20));
  command
      ->add_option("--batch", bench->batch,
                   "sequences decoded together, default 1; a list such as 1,4,16")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024));
  command->add_option("--threads", bench->threads, "compute threads, default one a core")
      ->check(CLI::Range(1, 1024));
  command
      ->add_option("--repetitions", bench->repetitions,
                   "runs of each measurement, the median is told")
      ->check(CLI::Range(1, 100));
  command->add_flag("--json", bench->json, "print JSON");
  command->callback(
      [=, &action] { action = [=] { return RunBench(*bench, std::cout, std::cerr); }; });
}

void AddChat(CLI::App& app, Action& action) {
  auto options = std::make_shared<ChatClientOptions>();
  CLI::App* command = app.add_subcommand("chat", "talk to a server in the terminal");
  command->add_option("--url", options->url, "base URL, default http://127.0.0.1:8080/v1");
  command->add_option("--key", options->key, "API key")->envname("MILLRACE_API_KEY");
  command->add_option("--model", options->model, "model name, default the server's first");
  command->add_option("--system", options->system, "system message");
  command->add_flag("--no-thinking", options->no_thinking, "ask for answers without reasoning");
  command->callback([=, &action] {
    action = [=] { return RunChatClient(*options, std::cin, std::cout, std::cerr); };
  });
}

// What to say of a first word that is no command; nothing when it is one, or a flag.
std::optional<std::string> UnknownCommand(const CLI::App& app, std::string_view word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  if (word.starts_with('-') || std::ranges::find(names, word) != names.end()) {
    return std::nullopt;
  }
  const std::string nearest = NearestName(word, names);
  return fmt::format("millrace: there is no command '{}'{}; millrace --help lists them", word,
                     nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest));
}

}  // namespace

int RunCli(int argc, char** argv) {
  CLI::App app("Millrace: a chat-completions server that runs GGUF models itself.", "millrace");
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  Action action;
  AddServing(app, action);
  AddChat(app, action);
  AddKeys(app, action);
  AddUsage(app, action);
  AddFileTools(app, action);
  AddFormatCommands(app, action);
  app.add_subcommand("version", "print the version")->callback([&action] {
    action = [] {
      std::cout << fmt::format("millrace {}\n", kVersion);
      return kExitOk;
    };
  });
  if (argc > 1) {
    if (const auto complaint = UnknownCommand(app, argv[1])) {
      std::cerr << *complaint << '\n';
      return kExitUsage;
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error, std::cout, std::cerr);
    return status == 0 ? kExitOk : kExitUsage;
  }
  return action();
}

}  // namespace millrace::app
