#include "app/chat_client.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/chat_display.h"
#include "app/chat_reply.h"
#include "app/commands.h"
#include "app/interrupt_signal.h"
#include "base/utf8.h"
#include "http/client.h"
#include "json/json.h"

namespace millrace::app {
namespace {

constexpr std::string_view kHelp =
    "/help            this list\n"
    "/reset           forget the conversation\n"
    "/think on|off    ask for reasoning, or for none\n"
    "/quit            leave; so does the end of the input\n"
    "Ctrl-C stops an answer; twice at the prompt leaves.\n";
constexpr size_t kModelsBytesMax = 4U << 20;

bool IsTerminal(const ChatClientOptions& options, const std::istream& in, const std::ostream& out) {
  switch (options.terminal) {
    case TerminalUse::kAlways:
      return true;
    case TerminalUse::kNever:
      return false;
    case TerminalUse::kDetect:
      return &in == &std::cin && &out == &std::cout && isatty(STDIN_FILENO) == 1 &&
             isatty(STDOUT_FILENO) == 1;
  }
  std::unreachable();
}

// How a question ended.
enum class Outcome { kAnswered, kStopped, kFailed, kRefusedKey };

class Client {
 public:
  Client(const ChatClientOptions& options, std::istream& in, std::ostream& out, std::ostream& err)
      : options_(options),
        in_(in),
        display_(out, {.terminal = IsTerminal(options, in, out),
                       .colors = std::getenv("NO_COLOR") == nullptr}),
        err_(err) {
    url_ = options.url;
    while (url_.ends_with('/')) {
      url_.pop_back();
    }
    if (options.no_thinking) {
      thinking_ = false;
    }
    Reset();
  }

  int Run() {
    if (!url_.starts_with("http://") && !url_.starts_with("https://")) {
      err_ << fmt::format("--url is \"{}\"; it begins with http:// or https://\n", options_.url);
      return kExitUsage;
    }
    if (!ChooseModel()) {
      return kExitFailed;
    }
    display_.Note(fmt::format("{} at {}; /help lists the commands", model_, url_));
    return Converse();
  }

 private:
  enum class LineEnd { kLine, kInput, kQuit };

  int Converse() {
    std::string line;
    while (true) {
      if (ReadLine(line) != LineEnd::kLine) {
        return kExitOk;
      }
      if (line.empty()) {
        continue;
      }
      if (line.starts_with('/')) {
        if (line == "/quit") {
          return kExitOk;
        }
        Command(line);
        continue;
      }
      const Outcome outcome = Ask(line);
      if (outcome == Outcome::kRefusedKey ||
          (outcome != Outcome::kAnswered && !display_.terminal())) {
        return kExitFailed;
      }
    }
  }

  // Reads past interrupts; the second in a row quits.
  LineEnd ReadLine(std::string& line) {
    while (true) {
      display_.Prompt();
      if (std::getline(in_, line)) {
        interrupted_before_ = false;
        if (line.ends_with('\r')) {
          line.pop_back();
        }
        line = base::SanitizeUtf8(line);
        return LineEnd::kLine;
      }
      if (!interrupt_.Take()) {
        display_.Note("");
        return LineEnd::kInput;
      }
      display_.Note("");
      if (std::exchange(interrupted_before_, true)) {
        return LineEnd::kQuit;
      }
      display_.Note("Ctrl-C again or /quit leaves");
      in_.clear();
      std::clearerr(stdin);
    }
  }

  void Command(const std::string& line) {
    if (line == "/help") {
      display_.Note(kHelp);
    } else if (line == "/reset") {
      Reset();
      display_.Note("the conversation is forgotten");
    } else if (line == "/think on" || line == "/think off") {
      thinking_ = line == "/think on";
      display_.Note(*thinking_ ? "reasoning is asked for" : "reasoning is not asked for");
    } else {
      err_ << fmt::format("{} is not a command; /help lists them\n", line);
    }
  }

  void Reset() {
    messages_.clear();
    if (!options_.system.empty()) {
      AddMessage("system", options_.system);
    }
  }

  void AddMessage(std::string_view role, std::string_view content) {
    messages_.push_back(boost::json::object{{"role", role}, {"content", content}});
  }

  http::ClientRequest Request(std::string_view path) const {
    http::ClientRequest request{.url = url_ + std::string(path)};
    if (!options_.key.empty()) {
      request.headers.emplace_back("Authorization", "Bearer " + options_.key);
    }
    return request;
  }

  bool ChooseModel() {
    model_ = options_.model;
    if (!model_.empty()) {
      return true;
    }
    std::string body;
    const auto response = http::Fetch(
        Request("/models"),
        [&body](std::string_view bytes) {
          body += bytes;
          return body.size() <= kModelsBytesMax;
        },
        [this] { return interrupt_.Pending(); });
    if (!response.has_value()) {
      ReportUnreachable(response.error());
      return false;
    }
    if (response->status != 200) {
      ReportStatus(response->status, body);
      return false;
    }
    const auto ids = ModelIds(body);
    if (!ids || ids->empty()) {
      err_ << fmt::format("{}/models lists no model; name one with --model\n", url_);
      return false;
    }
    model_ = ids->front();
    return true;
  }

  std::string RequestBody() const {
    boost::json::object body{{"model", model_}, {"messages", messages_}, {"stream", true}};
    if (thinking_) {
      body["enable_thinking"] = *thinking_;
    }
    return json::Serialize(body);
  }

  // Asks and shows the answer. The question and its answer stay in the conversation unless there is
  // no answer.
  Outcome Ask(const std::string& question) {
    AddMessage("user", question);
    http::ClientRequest request = Request("/chat/completions");
    request.method = "POST";
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Accept", "text/event-stream");
    request.body = RequestBody();
    ReplyReader reply;
    std::string answer;
    const auto response = http::Fetch(
        request,
        [&](std::string_view bytes) {
          for (const ReplyPiece& piece : reply.Add(bytes)) {
            display_.Show(piece);
            answer += piece.content;
          }
          return !reply.done() && !reply.error();
        },
        [this] { return interrupt_.Pending(); });
    const Outcome outcome = Conclude(response, reply, answer);
    if (answer.empty() && outcome != Outcome::kAnswered) {
      messages_.pop_back();
    } else {
      AddMessage("assistant", answer);
    }
    return outcome;
  }

  Outcome Conclude(const base::Result<http::Response>& response, const ReplyReader& reply,
                   const std::string& answer) {
    if (!response.has_value()) {
      if (response.error().kind == base::ErrorKind::kCancelled) {
        interrupt_.Take();
        interrupted_before_ = true;
        display_.EndAnswer();
        display_.Note("[stopped]");
        return Outcome::kStopped;
      }
      EndPartial(answer);
      ReportUnreachable(response.error());
      return Outcome::kFailed;
    }
    if (response->status != 200) {
      ReportStatus(response->status, reply.raw());
      return response->status == 401 ? Outcome::kRefusedKey : Outcome::kFailed;
    }
    const bool complete = reply.done() || !reply.finish_reason().empty();
    if (reply.error() || !complete) {
      EndPartial(answer);
      err_ << reply.error().value_or("the answer ended too early") << '\n';
      return Outcome::kFailed;
    }
    display_.EndAnswer();
    if (reply.finish_reason() == "length") {
      err_ << "[the answer reached its length limit]\n";
    }
    return Outcome::kAnswered;
  }

  void EndPartial(const std::string& answer) {
    if (!answer.empty()) {
      display_.EndAnswer();
    }
  }

  void ReportUnreachable(const base::Error& error) {
    err_ << fmt::format("{}\n", error.message);
    if (error.kind == base::ErrorKind::kIo) {
      err_ << fmt::format("Is a server running at {}? `millrace serve` starts one.\n", url_);
    }
  }

  void ReportStatus(int status, std::string_view body) {
    const std::string text = ErrorText(body);
    err_ << fmt::format("the server answered {}{}{}\n", status, text.empty() ? "" : ": ", text);
    if (status == 401) {
      err_ << (options_.key.empty()
                   ? "Give a key with --key or MILLRACE_API_KEY.\n"
                   : "The key is not valid there; see --key and MILLRACE_API_KEY.\n");
    }
  }

  const ChatClientOptions& options_;
  std::istream& in_;
  ChatDisplay display_;
  std::ostream& err_;
  InterruptSignal interrupt_;
  std::string url_;
  std::string model_;
  std::optional<bool> thinking_;  // what the server does by itself when unset
  boost::json::array messages_;
  bool interrupted_before_ = false;  // the last thing that happened was an interrupt
};

}  // namespace

int RunChatClient(const ChatClientOptions& options, std::istream& in, std::ostream& out,
                  std::ostream& err) {
  return Client(options, in, out, err).Run();
}

}  // namespace millrace::app
