#include "app/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "app/chat_client.h"
#include "app/commands.h"
#include "app/config.h"
#include "app/version.h"

namespace millrace::app {
namespace {

// The flags that `serve` and `check` share; they win over the configuration file.
struct ServeFlags {
  std::string config;
  std::vector<std::string> models;
  std::string listen;
  std::string data;
  int32_t threads = 0;
  bool no_auth = false;
};

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
}

// Options from the file and then the flags. Every problem goes to `err`; false when there was one.
bool GatherOptions(const ServeFlags& flags, ServeOptions& options, std::ostream& err) {
  std::vector<std::string> problems;
  if (!flags.config.empty()) {
    problems = ReadConfigFile(flags.config, options);
  }
  if (!flags.models.empty()) {
    options.models.clear();
  }
  for (const std::string& text : flags.models) {
    if (base::Result<ModelOptions> model = ParseModel(text); model.has_value()) {
      options.models.push_back(*std::move(model));
    } else {
      problems.push_back("--model: " + model.error().message);
    }
  }
  if (!flags.listen.empty()) {
    if (const base::Status status = ParseListen(flags.listen, options.host, options.port);
        !status.has_value()) {
      problems.push_back("--listen: " + status.error().message);
    }
  }
  if (!flags.data.empty()) {
    options.data_directory = flags.data;
  }
  if (options.data_directory.empty()) {
    if (base::Result<std::string> directory = DefaultDataDirectory(); directory.has_value()) {
      options.data_directory = *std::move(directory);
    } else if (options.authentication && !flags.no_auth) {
      problems.push_back(directory.error().message);
    }
  }
  if (flags.threads > 0) {
    options.engine.thread_count = flags.threads;
  }
  if (flags.no_auth) {
    options.authentication = false;
  }
  for (std::string& problem : ProblemsOf(options)) {
    problems.push_back(std::move(problem));
  }
  for (const std::string& problem : problems) {
    err << problem << '\n';
  }
  return problems.empty();
}

// What the parsed command line asks for; set by the chosen subcommand.
using Action = std::function<int()>;

void AddServing(CLI::App& app, Action& action) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* serve = app.add_subcommand("serve", "serve the API until Ctrl-C");
  CLI::App* check =
      app.add_subcommand("check", "validate configuration and model files, start nothing");
  for (CLI::App* command : {serve, check}) {
    AddServeFlags(*command, *flags);
    command->callback([flags, &action, is_serve = command == serve] {
      action = [flags, is_serve] {
        ServeOptions options;
        if (!GatherOptions(*flags, options, std::cerr)) {
          return kExitFailed;
        }
        return is_serve ? RunServe(options, std::cout, std::cerr)
                        : RunCheck(options, std::cout, std::cerr);
      };
    });
  }
}

void AddKeys(CLI::App& app, Action& action) {
  auto options = std::make_shared<KeysOptions>();
  CLI::App* keys = app.add_subcommand("keys", "make, list and revoke API keys");
  keys->require_subcommand(1);
  CLI::App* create = keys->add_subcommand("create", "make a key; it is printed once");
  create->add_option("--account", options->account, "account the key belongs to, made when new");
  create->add_option("--name", options->name, "what the key is for");
  create->add_option("--expires-in-days", options->expires_in_days, "0 = never")
      ->check(CLI::Range(0, 36500));
  CLI::App* list = keys->add_subcommand("list", "list keys, without the keys themselves");
  CLI::App* revoke = keys->add_subcommand("revoke", "a revoked key answers 403 from then on");
  revoke->add_option("ID", options->key_id, "key id, or its beginning")->required();
  for (CLI::App* command : {create, list, revoke}) {
    command->add_option("--data", options->data_directory, "the server's data directory")
        ->type_name("DIR");
    command->add_flag("--json", options->json, "print JSON");
  }
  create->callback(
      [=, &action] { action = [=] { return RunKeysCreate(*options, std::cout, std::cerr); }; });
  list->callback(
      [=, &action] { action = [=] { return RunKeysList(*options, std::cout, std::cerr); }; });
  revoke->callback(
      [=, &action] { action = [=] { return RunKeysRevoke(*options, std::cout, std::cerr); }; });
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

}  // namespace

int RunCli(int argc, char** argv) {
  CLI::App app("Millrace: a chat-completions server that runs GGUF models itself.", "millrace");
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  Action action;
  AddServing(app, action);
  AddChat(app, action);
  AddKeys(app, action);
  AddFileTools(app, action);
  app.add_subcommand("version", "print the version")->callback([&action] {
    action = [] {
      std::cout << fmt::format("millrace {}\n", kVersion);
      return kExitOk;
    };
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error, std::cout, std::cerr);
    return status == 0 ? kExitOk : kExitUsage;
  }
  return action();
}

}  // namespace millrace::app
