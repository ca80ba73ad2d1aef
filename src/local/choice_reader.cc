#include "local/choice_reader.h"

#include <type_traits>
#include <utility>

namespace millrace::local {
namespace {

constexpr size_t kCallIdCharacters = 24;

// Some files call a turn marker user-defined, as they do with tokens of ordinary text.
bool LooksSpecial(std::string_view text) {
  return (text.starts_with("<|") && text.ends_with("|>")) ||
         (text.starts_with("<｜") && text.ends_with("｜>"));
}

}  // namespace

ChoiceReader::ChoiceReader(const AnswerSyntax& answer, base::RandomSource* random)
    : answer_(answer),
      random_(random),
      detokenizer_(answer.tokenizer, tokenizer::ControlText::kShown),
      parser_(output_parser::MakeParser(*answer.syntax, answer.parser)),
      stop_(answer.stops) {
  if (answer.logprobs) {
    logprobs_.emplace(answer.tokenizer, answer.syntax);
  }
}

void ChoiceReader::AddToken(engine::TokenEvent event, std::vector<EventContent>& out) {
  const base::TokenId id = *event.token;
  if (finished_ || IsHidden(id)) {
    return;
  }
  const std::string text = detokenizer_.Add(id);
  if (logprobs_) {
    logprobs_->AddToken(std::move(event));
  }
  if (!text.empty()) {
    Take(parser_->Add(text), out);
  }
}

void ChoiceReader::End(engine::EndReason reason, std::vector<EventContent>& out) {
  if (finished_) {
    return;
  }
  cut_ = reason == engine::EndReason::kLength;
  detokenizer_.Finish();
  Take(parser_->Finish(cut_ ? output_parser::Parser::End::kCut
                            : output_parser::Parser::End::kComplete),
       out);
  if (!finished_) {
    FlushContent(out);
  }
  if (!finished_) {
    Finish(cut_ ? chat::FinishReason::kLength : EndOfTurn(), out);
  }
}

void ChoiceReader::Take(std::vector<output_parser::ParsedPiece> pieces,
                        std::vector<EventContent>& out) {
  for (output_parser::ParsedPiece& piece : pieces) {
    if (finished_) {
      return;
    }
    std::visit(
        [&](auto& what) {
          using What = std::decay_t<decltype(what)>;
          if constexpr (std::is_same_v<What, output_parser::ReasoningText>) {
            out.emplace_back(chat::ReasoningDelta{.text = std::move(what.text)});
          } else if constexpr (std::is_same_v<What, output_parser::ContentText>) {
            TakeContent(what, out);
          } else if constexpr (std::is_same_v<What, output_parser::CallStarted>) {
            TakeCall(std::move(what.name), out);
          } else if constexpr (std::is_same_v<What, output_parser::CallArguments>) {
            call_has_arguments_ = true;
            out.emplace_back(chat::ToolArgumentsDelta{.call_index = call_count_ - 1,
                                                      .json_text = std::move(what.json_text)});
          } else {
            static_assert(std::is_same_v<What, output_parser::CallFinished>);
            TakeCallEnd(out);
          }
        },
        piece);
  }
}

void ChoiceReader::TakeContent(const output_parser::ContentText& content,
                               std::vector<EventContent>& out) {
  if (logprobs_) {
    logprobs_->AddContent(content.begin, content.text.size());
  }
  ShowContent(stop_.Add(content.text), out);
  if (stop_.matched()) {
    Finish(chat::FinishReason::kStop, out);
  }
}

void ChoiceReader::ShowContent(std::string text, std::vector<EventContent>& out) {
  if (text.empty() || answer_.calls_only) {
    return;
  }
  chat::ContentDelta delta{.text = std::move(text)};
  if (logprobs_) {
    delta.logprobs = logprobs_->Show(delta.text.size());
  }
  out.emplace_back(std::move(delta));
}

void ChoiceReader::FlushContent(std::vector<EventContent>& out) {
  ShowContent(stop_.Finish(), out);
  if (stop_.matched()) {
    Finish(chat::FinishReason::kStop, out);
    return;
  }
  stop_ = tokenizer::StopMatcher(answer_.stops);
}

void ChoiceReader::TakeCall(std::string name, std::vector<EventContent>& out) {
  FlushContent(out);
  if (finished_) {
    return;
  }
  call_has_arguments_ = false;
  out.emplace_back(
      chat::ToolCallStarted{.call_index = call_count_,
                            .id = "call_" + random_->NextAlphanumeric(kCallIdCharacters),
                            .name = std::move(name)});
  ++call_count_;
}

void ChoiceReader::TakeCallEnd(std::vector<EventContent>& out) {
  if (cut_) {
    return;
  }
  if (!call_has_arguments_) {
    out.emplace_back(chat::ToolArgumentsDelta{.call_index = call_count_ - 1, .json_text = "{}"});
  }
  // Another call would not be passed on, so there is nothing to wait for.
  if (call_count_ >= answer_.parser.calls_max) {
    Finish(chat::FinishReason::kToolCalls, out);
  }
}

chat::FinishReason ChoiceReader::EndOfTurn() const {
  return call_count_ > 0 ? chat::FinishReason::kToolCalls : chat::FinishReason::kStop;
}

void ChoiceReader::Finish(chat::FinishReason reason, std::vector<EventContent>& out) {
  finished_ = true;
  out.emplace_back(chat::ChoiceFinished{.reason = reason});
}

// Special tokens are no text, but some families write their markup with them.
bool ChoiceReader::IsHidden(base::TokenId id) const {
  const tokenizer::Tokenizer& tokenizer = *answer_.tokenizer;
  if (tokenizer.IsUnused(id)) {
    return true;
  }
  const std::string_view text = tokenizer.Bytes(id);
  const bool special =
      tokenizer.IsControl(id) || (tokenizer.IsUserDefined(id) && LooksSpecial(text));
  return special && !output_parser::IsMarkup(*answer_.syntax, answer_.parser, text);
}

}  // namespace millrace::local
